//! The sockets of a connection on loopback.

use super::*;
use std::time::Duration;

async fn bound() -> (Sockets, SocketAddr, std::net::UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let local = socket.local_addr().unwrap();
    let far = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let far_address = far.local_addr().unwrap();
    (Sockets::new(vec![socket], Vec::new()), local, far, far_address)
}

fn drained(sockets: &mut Sockets) -> Vec<Received> {
    let mut all = Vec::new();
    sockets.drain(&mut [0; 1500], Instant::now(), |received| all.push(received));
    all
}

#[tokio::test]
async fn datagrams_wake_at_first_and_can_be_sent() {
    let (mut sockets, local, far, from) = bound().await;
    far.send_to(b"check", local).unwrap();
    let mut buffer = [0; 1500];
    let received = std::future::poll_fn(|context| sockets.poll_receive(context, &mut buffer)).await;
    assert_eq!((&received.bytes[..], received.from, received.local), (&b"check"[..], from, local));
    sockets.send(local, from, b"answer");
    let mut buffer = [0; 16];
    assert_eq!(far.recv(&mut buffer).unwrap(), 6);
    assert!(drained(&mut sockets).is_empty());
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn quiet_sockets_tell_when_each_datagram_came() {
    let (mut sockets, local, far, from) = bound().await;
    sockets.quieten();
    assert!(drained(&mut sockets).is_empty());
    let apart = Duration::from_millis(10);
    // The kernel begins to note times a little after it was asked to.
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        for text in [&b"first"[..], b"second"] {
            far.send_to(text, local).unwrap();
            std::thread::sleep(apart);
        }
        let now = Instant::now();
        let all = drained(&mut sockets);
        let texts: Vec<&[u8]> = all.iter().map(|received| &received.bytes[..]).collect();
        assert_eq!(texts, [&b"first"[..], b"second"]);
        assert!(all.iter().all(|received| (received.local, received.from) == (local, from)));
        // Not when they were asked for; the two clocks may drift apart a little meanwhile.
        let slack = Duration::from_millis(1);
        let waited: Vec<_> =
            all.iter().map(|received| now.saturating_duration_since(received.at)).collect();
        if waited[1] >= apart - slack && waited[0] >= 2 * (apart - slack) {
            break;
        }
        assert!(Instant::now() < end, "{waited:?}");
    }
    sockets.send(local, from, b"answer");
    assert_eq!(far.recv(&mut [0; 16]).unwrap(), 6);
    assert!(drained(&mut sockets).is_empty());
}
