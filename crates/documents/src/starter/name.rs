//! What a cluster is called after the context that leads to it.

/// More than enough for a name, and short enough for a number behind it.
const LONGEST: usize = 50;

/// The first name for a context that is free: what the cloud calls the cluster, then that with its
/// place, then the whole context, then numbers.
pub(super) fn cluster_name(context: &str, is_free: impl Fn(&str) -> bool) -> String {
    let (name, place) = parts(context);
    let short = as_name(name);
    let placed = place.map(|place| as_name(&format!("{name}-{place}")));
    let whole = as_name(context);
    let mut candidates = [Some(short.clone()), placed, Some(whole)]
        .into_iter()
        .flatten();
    candidates
        .find(|name| is_free(name))
        .or_else(|| {
            (2..=u16::MAX)
                .map(|number| format!("{short}-{number}"))
                .find(|name| is_free(name))
        })
        .unwrap_or(short)
}

/// The name of the cluster, and where it is, from contexts as `aws eks update-kubeconfig`, `gcloud` and
/// `eksctl` write them; of others, the whole context.
fn parts(context: &str) -> (&str, Option<&str>) {
    if let Some((arn, name)) = context.split_once(":cluster/")
        && arn.starts_with("arn:")
    {
        return (name, arn.split(':').nth(3));
    }
    if let Some(gke) = context.strip_prefix("gke_") {
        let mut parts = gke.splitn(3, '_');
        if let (Some(_project), Some(zone), Some(name)) = (parts.next(), parts.next(), parts.next())
        {
            return (name, Some(zone));
        }
    }
    if let Some(eksctl) = context.strip_suffix(".eksctl.io")
        && let Some((name, region)) = eksctl.rsplit_once('.')
    {
        let name = name.rsplit_once('@').map_or(name, |(_, name)| name);
        return (name, Some(region));
    }
    (context, None)
}

/// A text as a name: lower case letters and digits, and single dashes between them.
pub(crate) fn as_name(text: &str) -> String {
    let letters: String = text
        .chars()
        .map(|c| match c.to_ascii_lowercase() {
            c if c.is_ascii_lowercase() || c.is_ascii_digit() => c,
            _ => '-',
        })
        .collect();
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).collect();
    let name: String = words.join("-").chars().take(LONGEST).collect();
    match name.trim_end_matches('-') {
        "" => "cluster".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::cluster_name;

    fn check(contexts: &[&str], want: &[&str]) {
        let mut names: Vec<String> = Vec::new();
        for context in contexts {
            let name = cluster_name(context, |name| !names.iter().any(|taken| taken == name));
            names.push(name);
        }
        assert_eq!(names, want, "{contexts:?}");
    }

    #[test]
    fn a_cluster_is_called_as_its_cloud_calls_it() {
        check(&["arn:aws:eks:eu-west-1:1234:cluster/prod"], &["prod"]);
        check(
            &["arn:aws-cn:eks:cn-north-1:1:cluster/Prod_EU"],
            &["prod-eu"],
        );
        check(&["gke_acme-prod_europe-west1-b_main"], &["main"]);
        check(&["gke_acme_europe-west1_my_cluster"], &["my-cluster"]);
        check(&["ops@prod.eu-west-1.eksctl.io"], &["prod"]);
        check(&["aks-prod"], &["aks-prod"]);
        check(
            &["kubernetes-admin@kubernetes"],
            &["kubernetes-admin-kubernetes"],
        );
        check(&["gke_short"], &["gke-short"]);
        check(
            &["default/api.example.com:6443/admin"],
            &["default-api-example-com-6443-admin"],
        );
    }

    #[test]
    fn names_are_valid_and_unique() {
        check(
            &[
                "arn:aws:eks:eu-west-1:1:cluster/prod",
                "arn:aws:eks:us-east-1:1:cluster/prod",
                "arn:aws:eks:us-east-1:2:cluster/prod",
                "arn:aws:eks:us-east-1:2-:cluster/prod",
            ],
            &[
                "prod",
                "prod-us-east-1",
                "arn-aws-eks-us-east-1-2-cluster-prod",
                "prod-2",
            ],
        );
        check(
            &["staging", "staging!", "-", "ü", ""],
            &["staging", "staging-2", "cluster", "cluster-2", "cluster-3"],
        );
        let long = "a".repeat(49) + "-b";
        check(
            &[&long, &"a".repeat(80)],
            &[&"a".repeat(49), &"a".repeat(50)],
        );
    }
}
