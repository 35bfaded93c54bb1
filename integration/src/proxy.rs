//! A proxy that puts a distance between a client and a server on loopback.
//!
//! Each way takes half of the round trip. What is under way does not wait for what is before it, so
//! that only latency is added and no throughput taken.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

const PIECE_BYTES: usize = 64 * 1024;

/// A running proxy; dropping it cuts every connection through it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy to a port on loopback.
    pub fn start(port: u16, round_trip: Duration) -> Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let (ready, started) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let run = || -> Result<()> {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime.block_on(async {
                    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
                    // Who waits for the address cannot have gone.
                    ready.send(listener.local_addr()).unwrap_or_default();
                    tokio::select! {
                        result = serve(&listener, port, round_trip / 2) => result,
                        _ = stopped => Ok(()),
                    }
                })
            };
            // Without it, connections fail, which every user of a proxy sees.
            run().unwrap_or_default();
        });
        let address = started
            .recv()
            .map_err(|_| anyhow!("the proxy ended"))?
            .context("the proxy cannot listen")?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The URL under which the server is reached through the proxy.
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        // A thread that panicked has stopped too.
        self.thread.take().map(JoinHandle::join).transpose().ok();
    }
}

async fn serve(listener: &TcpListener, port: u16, delay: Duration) -> Result<()> {
    loop {
        let (client, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A connection that breaks is its two ends' affair.
            relay(client, port, delay).await.ok();
        });
    }
}

async fn relay(client: TcpStream, port: u16, delay: Duration) -> Result<()> {
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::try_join!(
        carry(from_client, to_server, delay),
        carry(from_server, to_client, delay),
    )?;
    Ok(())
}

/// Carries bytes one way, each piece a delay after it came.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    delay: Duration,
) -> Result<()> {
    let (sender, mut pieces) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let read = async move {
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let count = from.read(&mut buffer).await?;
            let piece = buffer.get(..count).unwrap_or_default().to_vec();
            if count == 0 || sender.send((Instant::now() + delay, piece)).is_err() {
                return Ok::<_, anyhow::Error>(());
            }
        }
    };
    let write = async move {
        while let Some((due, piece)) = pieces.recv().await {
            tokio::time::sleep_until(due).await;
            to.write_all(&piece).await?;
        }
        to.shutdown().await?;
        Ok(())
    };
    tokio::try_join!(read, write)?;
    Ok(())
}
