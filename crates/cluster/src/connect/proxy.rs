//! Which proxy leads to a cluster.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

/// The proxy for a server: that of the kubeconfig, whatever its name; else that of the environment
/// (`HTTPS_PROXY`, less what `NO_PROXY` names), but never for this machine itself, as every client of
/// Kubernetes has it. An error says which of the two is no address, without a word of it: it may hold a
/// password.
pub(super) fn choose(
    explicit: Option<&str>,
    environment: Option<Uri>,
    server: &Uri,
) -> Result<Option<Uri>, String> {
    if let Some(text) = explicit.filter(|text| !text.is_empty()) {
        return address("`proxy-url`", text).map(Some);
    }
    environment
        .filter(|_| !is_here(server))
        .filter(|_| Matcher::from_env().intercept(server).is_some())
        .map(|proxy| address("`HTTPS_PROXY`", &proxy.to_string()))
        .transpose()
}

/// The address of a proxy as it may be told: without user, password and path.
pub(super) fn told(proxy: &Uri) -> String {
    let scheme = proxy.scheme_str().unwrap_or("http");
    let host = proxy.host().unwrap_or_default();
    let port = proxy.port_u16().map(|port| format!(":{port}"));
    format!("{scheme}://{host}{}", port.unwrap_or_default())
}

/// An address without a scheme is one of HTTP, as for every client that reads `HTTPS_PROXY`. A character that
/// ends the part with user and password is refused, for then what follows would be taken for something else.
fn address(source: &str, text: &str) -> Result<Uri, String> {
    let wrong = || {
        format!(
            "{source} is no address of a proxy: wanted `http://`, `https://` or `socks5://`, a host and a port; in a \
             password, write each of `/?#@:` as `%` and its code"
        )
    };
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let proxy: Uri = whole.parse().map_err(|_| wrong())?;
    let authority = proxy.authority().ok_or_else(wrong)?.as_str();
    let place = authority.rsplit('@').next().unwrap_or_default();
    let host = proxy
        .host()
        .filter(|host| !host.is_empty())
        .ok_or_else(wrong)?;
    let port = place.strip_prefix(host).ok_or_else(wrong)?;
    let is_known = matches!(proxy.scheme_str(), Some("http" | "https" | "socks5"));
    let is_place = port.is_empty() || proxy.port_u16().is_some();
    let is_whole = matches!(proxy.path(), "" | "/") && !text.contains(['?', '#']);
    if is_known && is_place && is_whole {
        Ok(proxy)
    } else {
        Err(wrong())
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
            assert_eq!(
                choose(None, environment(), &uri(server)),
                Ok(None),
                "{server}"
            );
            let explicit = choose(Some("http://bastion:1080"), environment(), &uri(server));
            assert_eq!(explicit, Ok(Some(uri("http://bastion:1080"))), "{server}");
        }
    }

    #[test]
    fn an_address_is_told_without_its_secrets_or_refused_without_a_word_of_it() {
        for (text, want) in [
            ("http://proxy:3128", Some("http://proxy:3128")),
            ("proxy:3128", Some("http://proxy:3128")),
            ("socks5://u:s3cret@[::1]:1080/", Some("socks5://[::1]:1080")),
            ("u:s3cret@proxy:3128", Some("http://proxy:3128")),
            ("https://u:s3%2Fcret@proxy", Some("https://proxy")),
            ("http://u:s3cret@x@proxy:1", Some("http://proxy:1")),
            ("ftp://u:s3cret@proxy", None),
            ("http://u:s3/cret@proxy:1", None),
            ("http://u:12/cret@proxy:1", None),
            ("http://u:12#cret@proxy:1", None),
            ("http://u:12?cret@proxy:1", None),
            ("http://u:s3#cret@proxy:1", None),
            ("http://u:s3 cret@proxy:1", None),
            ("http://", None),
        ] {
            let read = address("`proxy-url`", text);
            let shown = read.as_ref().map(told).map_err(String::as_str);
            match want {
                Some(want) => assert_eq!(shown, Ok(want.to_owned()), "{text}"),
                None => assert!(
                    shown.is_err_and(|why| !why.contains("cret") && !why.contains("12")),
                    "{text}"
                ),
            }
        }
    }
}
