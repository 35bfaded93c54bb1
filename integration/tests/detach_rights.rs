//! Leaving is refused before its first write where rights lack for its last, however they are given.

use anyhow::Result;
use cofferdam_integration::assets::Version;
use cofferdam_integration::cluster::ADMIN;
use cofferdam_integration::leaving::{OURS, WHOLE, held, is_gone, start};
use cofferdam_integration::shop::{Shop, WRITER};

/// Takes a profile's bindings from the writer.
fn revoke(shop: &Shop, profile: &str) -> Result<()> {
    let name = format!("cofferdam-{profile}");
    let delete = ["delete", "--ignore-not-found"];
    let everywhere = [&delete[..], &["clusterrolebinding", &name]].concat();
    shop.cluster.kubectl(&everywhere)?;
    for namespace in OURS {
        let there = [&delete[..], &["-n", namespace, "rolebinding", &name]].concat();
        shop.cluster.kubectl(&there)?;
    }
    Ok(())
}

fn detach(shop: &Shop, code: i32) -> Result<String> {
    let arguments = [&["detach", "--yes", "--settle", "0s"], &WHOLE[..]].concat();
    Ok(shop.expect(&arguments, code)?.stdout)
}

#[test]
fn all_rights_that_lack_are_told_before_anything_is_written() -> Result<()> {
    let shop = start(Version::V1_36)?;
    shop.apply(&[], 0)?;
    revoke(&shop, "detach")?;
    let mark = shop.cluster.audit_mark()?;
    let told = detach(&shop, 1)?;
    let lacking = "the credential lacks rights: delete configmaps/cofferdam in cofferdam-system, \
                   delete namespaces/cofferdam-probe, delete namespaces/cofferdam-system, \
                   delete leases/cofferdam in cofferdam-system, list * in cofferdam-probe, list * in cofferdam-system\n";
    assert!(told.contains(lacking), "{told}");
    let hint = "hint: cofferdam rbac --profile detach --subject 'user:cofferdam' | kubectl";
    assert!(told.contains(hint), "{told}");
    let audit = shop.cluster.audit_since(mark)?;
    let writes = audit.writes_by(WRITER).into_iter();
    let writes: Vec<_> = writes
        .filter(|write| !write.resource.starts_with("selfsubject"))
        .collect();
    assert!(writes.is_empty(), "{writes:?}");

    assert!(shop.policies("orders")?.len() > 1);
    Ok(())
}

/// What the writer gets instead of the profiles: each right in one place, or about one object.
fn narrow(every_kind: &[&str]) -> String {
    let user = "subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: cofferdam }]";
    let role = |kind: &str, name: &str, namespace: &str, rules: &str| {
        format!(
            "---
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}
metadata: {{ name: {name}, namespace: {namespace} }}
rules: [{rules}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {kind}Binding
metadata: {{ name: {name}, namespace: {namespace} }}
roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: {name} }}
{user}
"
        )
    };
    let named = "
  { apiGroups: [''], resources: [nodes], resourceNames: [prod-node-1], verbs: [patch] },
  { apiGroups: [''], resources: [namespaces], resourceNames: [web, orders, books, ledger], verbs: [patch] },
  { apiGroups: [''], resources: [namespaces], resourceNames: [cofferdam-probe, cofferdam-system], verbs: [get, delete] }";
    let mut text = role("ClusterRole", "cofferdam-detach", "''", named);
    let policies = "{ apiGroups: [networking.k8s.io], resources: [networkpolicies], verbs: [create, patch, delete] }";
    for namespace in ["web", "orders", "books", "ledger"] {
        text.push_str(&role("Role", "cofferdam-detach", namespace, policies));
    }
    let lists: Vec<String> = every_kind
        .iter()
        .map(|kind| {
            let (resource, group) = kind.split_once('.').unwrap_or((kind, "''"));
            format!("{{ apiGroups: [{group}], resources: [{resource}], verbs: [list] }}")
        })
        .collect();
    let lists = lists.join(",\n  ");
    let own = "
  { apiGroups: [''], resources: [configmaps], resourceNames: [cofferdam], verbs: [get, patch, delete] },
  { apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: [cofferdam], verbs: [get, update, delete] }";
    text.push_str(&role("Role", "cofferdam-detach", OURS[1], &lists));
    text.push_str(&role(
        "Role",
        "cofferdam-detach",
        OURS[0],
        &format!("{own},\n  {lists}"),
    ));
    text
}

#[test]
fn rights_by_namespace_by_name_and_by_kind_are_enough() -> Result<()> {
    let shop = start(Version::V1_36)?;
    let before = held(&shop)?;
    shop.apply(&[], 0)?;
    let observe = [
        "rbac",
        "--profile",
        "observe",
        "--subject",
        "user:cofferdam",
    ];
    let observe = shop.expect(&observe, 0)?;
    shop.cluster.apply_yaml(ADMIN, &observe.stdout)?;
    for profile in ["policies", "nodes", "detach"] {
        revoke(&shop, profile)?;
    }
    let kinds = [
        "api-resources",
        "--namespaced",
        "--verbs=list",
        "-o",
        "name",
    ];
    let kinds = shop.cluster.kubectl(&kinds)?;
    let kinds: Vec<&str> = kinds.split_whitespace().collect();
    let lists_few = narrow(&["configmaps"]);
    shop.cluster.apply_yaml(ADMIN, &lists_few)?;
    let told = detach(&shop, 1)?;
    let lacking = "lacks rights: list * in cofferdam-probe, list * in cofferdam-system\n";
    assert!(told.contains(lacking), "{told}");
    let lists_all = narrow(&kinds);
    shop.cluster.apply_yaml(ADMIN, &lists_all)?;
    detach(&shop, 0)?;
    assert_eq!(held(&shop)?, before);
    for name in OURS {
        assert!(is_gone(&shop, name)?, "{name}");
    }
    Ok(())
}
