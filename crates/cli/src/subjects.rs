//! Who gets rights: those that the command line names, or who the clusters say that we are.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use cofferdam_model::cluster::Cluster;
use cofferdam_pass::project;
use cofferdam_pass::reach::connected;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::args::{Arguments, RbacArguments, Selection};
use crate::fleet::reaching;
use crate::selected::select;

/// The subjects of bindings.
pub(crate) async fn subjects(arguments: &Arguments, command: &RbacArguments) -> Result<Vec<Value>> {
    if command.subject.is_empty() {
        let ourselves = ourselves(arguments, &command.selection).await;
        let why = "nobody was named with `--subject`, and who uses the credentials cannot be told";
        return Ok(vec![ourselves.context(why)?]);
    }
    command.subject.iter().map(|text| named(text)).collect()
}

/// Who the selected clusters say that we are; an error where they do not agree, for a name that one of them
/// knows means somebody else, or nobody, in another.
async fn ourselves(arguments: &Arguments, selection: &Selection) -> Result<Value> {
    let loaded = project::read(&arguments.directory)?;
    let clusters = select(project::model(&loaded)?, selection)?;
    let asked = clusters.into_iter().map(|cluster| async move {
        let user = ask(arguments, selection, cluster).await?;
        anyhow::Ok((user, cluster.name.as_str()))
    });
    let users: BTreeMap<String, &str> = try_join_all(asked).await?.into_iter().collect();
    if users.len() > 1 {
        let users = users.iter();
        let users = users.map(|(user, cluster)| format!("`{user}` in cluster `{cluster}`"));
        let users: Vec<String> = users.collect();
        bail!("they are {}; choose with `--cluster`", users.join(", "));
    }
    let user = users.into_keys().next().unwrap_or_default();
    Ok(of_user(&user))
}

async fn ask(arguments: &Arguments, selection: &Selection, cluster: &Cluster) -> Result<String> {
    let options = reaching(&arguments.directory, selection).options();
    let asking = async { anyhow::Ok(connected(cluster, &options).await?.identity().await?.user) };
    let user = options.progress.within(selection.timeout, asking).await;
    user.with_context(|| {
        let seconds = selection.timeout.as_secs();
        format!(
            "cluster `{}` gave no answer within {seconds} s",
            cluster.name
        )
    })?
}

/// A user as the authenticator names it; service accounts have names of a form that nobody else may have.
fn of_user(user: &str) -> Value {
    let account = user.strip_prefix("system:serviceaccount:");
    match account.and_then(|path| path.split_once(':')) {
        Some((namespace, name)) => service_account(namespace, name),
        None => rbac_subject("User", user),
    }
}

fn named(text: &str) -> Result<Value> {
    let named = text.split_once(':').filter(|(_, name)| !name.is_empty());
    match named {
        Some(("user", name)) => Ok(rbac_subject("User", name)),
        Some(("group", name)) => Ok(rbac_subject("Group", name)),
        Some(("serviceaccount", path)) => match path.split_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                Ok(service_account(namespace, name))
            }
            Some(_) | None => bail!("`{text}`: write `serviceaccount:NAMESPACE/NAME`"),
        },
        Some(_) | None => {
            bail!(
                "`{text}` is no subject: write `user:NAME`, `group:NAME` or `serviceaccount:NAMESPACE/NAME`"
            )
        }
    }
}

fn rbac_subject(kind: &str, name: &str) -> Value {
    json!({ "kind": kind, "apiGroup": "rbac.authorization.k8s.io", "name": name })
}

fn service_account(namespace: &str, name: &str) -> Value {
    json!({ "kind": "ServiceAccount", "namespace": namespace, "name": name })
}
