//! Which proxy leads to a cluster.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The proxy for a server: that of the kubeconfig, whatever its name; else that of the environment
/// (`HTTPS_PROXY`, less what `NO_PROXY` names), but never for this machine itself, as every client of
/// Kubernetes has it.
pub(super) fn choose(
    explicit: Option<&str>,
    environment: Option<Uri>,
    server: &Uri,
) -> Option<Uri> {
    let explicit = explicit.filter(|text| !text.is_empty());
    match explicit.map(str::parse) {
        Some(Ok(proxy)) => Some(proxy),
        Some(Err(_)) | None => environment
            .filter(|_| !is_here(server))
            .filter(|_| Matcher::from_env().intercept(server).is_some()),
    }
}

fn is_here(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_of_the_environment_is_never_used_for_this_machine() {
        let uri = |text: &str| text.parse::<Uri>().expect("a URL");
        let environment = || Some(uri("http://proxy:3128"));
        for server in [
            "https://127.0.0.1:6443",
            "https://[::1]:6443",
            "https://LOCALHOST",
        ] {
            assert_eq!(choose(None, environment(), &uri(server)), None, "{server}");
            let explicit = choose(Some("http://bastion:1080"), environment(), &uri(server));
            assert_eq!(explicit, Some(uri("http://bastion:1080")), "{server}");
        }
    }
}
