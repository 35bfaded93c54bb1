//! The floor: a client that sends patches which somebody else serialised, as fast as the server takes
//! them, and does nothing with the answers but count the good ones.

use std::collections::VecDeque;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, bail, ensure};
use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// One patch: path and query, and body.
type Patch = (String, Bytes);

/// Sends every patch of a file, `in_flight` of them at once.
///
/// A line holds the path, a tabulator and the body; `address` is host and port.
pub(super) fn send(
    address: &str,
    authority: &str,
    token: &str,
    file: &str,
    in_flight: &str,
) -> Result<()> {
    let in_flight: usize = in_flight.parse()?;
    let text = fs::read(file).with_context(|| format!("cannot read `{file}`"))?;
    let patches = parse(&Bytes::from(text))?;
    let token = fs::read_to_string(token)?;
    let authority = fs::read(authority)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let sender = connect(address, &authority).await?;
        let queue = Arc::new(Mutex::new(patches));
        let workers: Vec<_> = (0..in_flight)
            .map(|_| {
                let url = format!("https://{address}");
                let work = work(
                    sender.clone(),
                    Arc::clone(&queue),
                    url,
                    format!("Bearer {token}"),
                );
                tokio::spawn(work)
            })
            .collect();
        for worker in workers {
            worker.await??;
        }
        Ok(())
    })
}

fn parse(text: &Bytes) -> Result<VecDeque<Patch>> {
    let lines = text
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let tab = line.iter().position(|byte| *byte == b'\t');
            let (path, body) = line.split_at(tab.context("a line without a tabulator")?);
            let body = body.get(1..).unwrap_or_default();
            Ok((String::from_utf8(path.to_vec())?, text.slice_ref(body)))
        })
        .collect()
}

async fn connect(address: &str, authority: &[u8]) -> Result<SendRequest<Full<Bytes>>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority)?)?;
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let (host, _) = address
        .split_once(':')
        .context("an address without a port")?;
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(host.to_owned())?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .adaptive_window(true)
        .handshake(TokioIo::new(stream))
        .await?;
    // Its error is seen by every request that it cuts off.
    tokio::spawn(async move { connection.await.ok() });
    Ok(sender)
}

async fn work(
    mut sender: SendRequest<Full<Bytes>>,
    queue: Arc<Mutex<VecDeque<Patch>>>,
    url: String,
    token: String,
) -> Result<()> {
    loop {
        let next = queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front();
        let Some((path, body)) = next else {
            return Ok(());
        };
        let request = Request::builder()
            .method(Method::PATCH)
            .uri(format!("{url}{path}"))
            .header(header::AUTHORIZATION, &token)
            .header(header::CONTENT_TYPE, "application/apply-patch+yaml")
            .header(header::ACCEPT, "application/json")
            .body(Full::new(body))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!("{path}: {status}: {}", String::from_utf8_lossy(&answer));
        }
        ensure!(!answer.is_empty(), "{path}: an empty answer");
    }
}
