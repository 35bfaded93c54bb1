//! The proxy adds latency and takes no throughput.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use cofferdam_integration::Proxy;

const ROUND_TRIP: Duration = Duration::from_millis(100);

#[test]
fn what_is_under_way_does_not_wait_for_what_is_before_it() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || -> Result<()> {
        let (mut stream, _) = listener.accept()?;
        let mut byte = [0];
        while stream.read(&mut byte)? > 0 {
            stream.write_all(&byte)?;
        }
        Ok(())
    });
    let proxy = Proxy::start(port, ROUND_TRIP)?;
    let mut stream = TcpStream::connect(proxy.url().trim_start_matches("https://"))?;
    stream.set_nodelay(true)?;

    let start = Instant::now();
    for number in 0..20 {
        stream.write_all(&[number])?;
        thread::sleep(Duration::from_millis(1));
    }
    let mut echo = [0; 20];
    stream.read_exact(&mut echo)?;
    let took = start.elapsed();

    assert!(echo.iter().copied().eq(0..20), "{echo:?}");
    assert!(took >= ROUND_TRIP, "{took:?}");
    assert!(took < ROUND_TRIP * 10, "{took:?}");
    Ok(())
}
