//! Who is asking, against `guards` of the Cluster document.

use super::cel;

/// Whether the request is by one of these, given as `user:NAME` or `group:NAME`.
pub(super) fn is_one_of(subjects: &[String]) -> String {
    let named = |prefix: &str| -> Vec<String> {
        let named = subjects.iter().filter_map(|one| one.strip_prefix(prefix));
        named.map(ToOwned::to_owned).collect()
    };
    let (users, groups) = (named("user:"), named("group:"));
    let list = |names: &[String]| cel::list(names.iter().map(String::as_str));
    let users =
        (!users.is_empty()).then(|| format!("request.userInfo.username in {}", list(&users)));
    let groups = (!groups.is_empty()).then(|| {
        format!(
            "has(request.userInfo.groups) && request.userInfo.groups.exists(g, g in {})",
            list(&groups)
        )
    });
    cel::any(users.into_iter().chain(groups))
}
