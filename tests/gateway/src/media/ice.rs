//! The ICE behaviour of a media node: full ICE, one remote candidate at a time, one check a second.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::random;
use super::stun::{self, Class, Message};

const CHECK_INTERVAL: Duration = Duration::from_secs(1);
const NEXT_CANDIDATE_AFTER: Duration = Duration::from_secs(3);
const STUN_TOO_LONG: Duration = Duration::from_secs(20);
/// Peer-reflexive preference of a host candidate (RFC 8445 section 5.1.2.1).
const CHECK_PRIORITY: u32 = 1_862_270_975;

/// The agent of one transport. It owns no socket and reads no clock.
pub struct Agent {
    local_credentials: Vec<(String, String)>,
    remote_ufrag: String,
    remote_pwd: String,
    candidates: Vec<SocketAddr>,
    current: usize,
    /// Where checks, DTLS and media go.
    pub remote: SocketAddr,
    pub controlling: bool,
    tie_breaker: u64,
    candidate_since: Instant,
    next_check: Instant,
    pending: Vec<[u8; 12]>,
    /// One of our checks was answered.
    pub answered: bool,
    /// A check of the client was seen.
    pub checked: bool,
    /// The client nominated a pair.
    pub nominated: bool,
    /// DTLS is up: the remote address is not given up easily any more.
    pub settled: bool,
    last_from_remote: Instant,
    /// Any authentic STUN from the client; its absence means that the client has gone.
    pub last_heard: Instant,
    /// Checks of the client with wrong credentials.
    pub unauthentic: u64,
}

/// A datagram to send.
pub type Outgoing = (Vec<u8>, SocketAddr);

impl Agent {
    /// A new agent; `candidates` must not be empty.
    pub fn new(
        local: (String, String),
        remote: (String, String),
        candidates: Vec<SocketAddr>,
        controlling: bool,
        now: Instant,
    ) -> Agent {
        Agent {
            local_credentials: vec![local],
            remote_ufrag: remote.0,
            remote_pwd: remote.1,
            remote: candidates[0],
            candidates,
            current: 0,
            controlling,
            tie_breaker: u64::from_be_bytes(random()),
            candidate_since: now,
            next_check: now,
            pending: Vec::new(),
            answered: false,
            checked: false,
            nominated: false,
            settled: false,
            last_from_remote: now,
            last_heard: now,
            unauthentic: 0,
        }
    }

    /// Takes new remote credentials after an ICE restart of the client.
    pub fn restart(
        &mut self,
        local: Option<(String, String)>,
        remote: (String, String),
        candidates: Vec<SocketAddr>,
        now: Instant,
    ) {
        self.local_credentials.extend(local);
        (self.remote_ufrag, self.remote_pwd) = remote;
        self.remote = candidates[0];
        self.candidates = candidates;
        self.current = 0;
        self.pending.clear();
        self.answered = false;
        self.checked = false;
        self.nominated = false;
        self.settled = false;
        self.candidate_since = now;
        self.next_check = now;
        self.last_from_remote = now;
    }

    /// When `poll` wants to be called again.
    pub fn wake_at(&self) -> Instant {
        self.next_check
    }

    /// The check that is due, if any.
    pub fn poll(&mut self, now: Instant) -> Option<Outgoing> {
        if now < self.next_check {
            return None;
        }
        let stuck = !self.answered && now - self.candidate_since >= NEXT_CANDIDATE_AFTER;
        if stuck && self.candidates.len() > 1 {
            self.current = (self.current + 1) % self.candidates.len();
            self.remote = self.candidates[self.current];
            self.candidate_since = now;
        }
        self.next_check = now + CHECK_INTERVAL;
        Some(self.check())
    }

    fn check(&mut self) -> Outgoing {
        let transaction: [u8; 12] = random();
        self.pending.push(transaction);
        if self.pending.len() > 16 {
            self.pending.remove(0);
        }
        let local = &self.local_credentials[self.local_credentials.len() - 1];
        let request = stun::Request {
            transaction,
            username: &format!("{}:{}", self.remote_ufrag, local.0),
            password: &self.remote_pwd,
            priority: CHECK_PRIORITY,
            controlling: self.controlling,
            tie_breaker: self.tie_breaker,
            // FreeSWITCH as the controlling side nominates in every check.
            use_candidate: self.controlling,
        };
        (request.to_bytes(), self.remote)
    }

    /// Takes a STUN datagram; returns what has to be sent.
    pub fn handle(&mut self, datagram: &[u8], from: SocketAddr, now: Instant) -> Vec<Outgoing> {
        let Some(message) = Message::parse(datagram) else {
            return Vec::new();
        };
        match message.class {
            Class::Request => self.request(&message, from, now),
            Class::Success | Class::Error => self.response(&message, from, now),
            Class::Indication => Vec::new(),
        }
    }

    fn request(&mut self, message: &Message, from: SocketAddr, now: Instant) -> Vec<Outgoing> {
        let Some(password) = self.password_for(message) else {
            self.unauthentic += 1;
            let password = &self.local_credentials[0].1;
            let reply = stun::error(&message.transaction, 401, "Unauthorized", password);
            return vec![(reply, from)];
        };
        let mut out = vec![(stun::success(&message.transaction, from, &password), from)];
        let first = !self.checked;
        self.checked = true;
        self.last_heard = now;
        if message.use_candidate {
            self.nominate(from, now);
        }
        if from == self.remote {
            self.last_from_remote = now;
        }
        // Our check may have come before the client knew our answer; do not wait a second for it.
        // It goes out before the response, so that the client answers it before it nominates:
        // FreeSWITCH's ClientHello comes before the nomination on every call.
        if first && !self.answered {
            self.next_check = now + CHECK_INTERVAL;
            out.insert(0, self.check());
        }
        out
    }

    fn password_for(&self, message: &Message) -> Option<String> {
        let username = message.username.as_deref()?;
        let (local, remote) = username.split_once(':')?;
        let (_, password) = self.local_credentials.iter().rev().find(|(u, _)| u == local)?;
        (remote == self.remote_ufrag && message.authentic(password)).then(|| password.clone())
    }

    fn nominate(&mut self, from: SocketAddr, now: Instant) {
        self.nominated = true;
        let silent = now - self.last_from_remote > STUN_TOO_LONG;
        if from != self.remote && (!self.settled || silent) {
            self.remote = from;
            self.last_from_remote = now;
            self.next_check = now;
        }
    }

    fn response(&mut self, message: &Message, from: SocketAddr, now: Instant) -> Vec<Outgoing> {
        let Some(at) = self.pending.iter().position(|t| *t == message.transaction) else {
            return Vec::new();
        };
        self.pending.remove(at);
        if message.class == Class::Error {
            // FreeSWITCH never sends 487 itself, but obeys it.
            if message.error_code == Some(487) {
                self.controlling = !self.controlling;
                return vec![self.check()];
            }
            return Vec::new();
        }
        if !message.authentic(&self.remote_pwd) {
            self.unauthentic += 1;
            return Vec::new();
        }
        self.answered = true;
        self.last_heard = now;
        if from == self.remote {
            self.last_from_remote = now;
        }
        Vec::new()
    }

    /// Whether a DTLS client may start: checks went both ways, a nomination is not needed.
    pub fn ready(&self) -> bool {
        self.answered && self.checked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agent(now: Instant) -> Agent {
        let candidates = vec!["127.0.0.1:1000".parse().unwrap(), "127.0.0.1:2000".parse().unwrap()];
        Agent::new(
            ("local-ufrag".into(), "local-password".into()),
            ("remote".into(), "remote-password".into()),
            candidates,
            false,
            now,
        )
    }

    fn client_check(username: &str, password: &str, use_candidate: bool) -> Vec<u8> {
        stun::Request {
            transaction: random(),
            username,
            password,
            priority: 1,
            controlling: true,
            tie_breaker: 1,
            use_candidate,
        }
        .to_bytes()
    }

    #[test]
    fn dtls_may_start_before_the_nomination() {
        let now = Instant::now();
        let mut agent = agent(now);
        let (check, to) = agent.poll(now).unwrap();
        let check = Message::parse(&check).unwrap();
        assert_eq!(check.username.as_deref(), Some("remote:local-ufrag"));
        assert!(!check.use_candidate);
        let response = stun::success(&check.transaction, to, "remote-password");
        agent.handle(&response, to, now);
        assert!(!agent.ready());
        let request = client_check("local-ufrag:remote", "local-password", false);
        let replies = agent.handle(&request, to, now);
        assert_eq!(replies.len(), 1, "already answered, so no triggered check");
        assert!(agent.ready() && !agent.nominated);
    }

    #[test]
    fn wrong_credentials_are_answered_with_401() {
        let now = Instant::now();
        let mut agent = agent(now);
        let request = client_check("local-ufrag:remote", "wrong", true);
        let replies = agent.handle(&request, "127.0.0.1:1000".parse().unwrap(), now);
        assert_eq!(Message::parse(&replies[0].0).unwrap().error_code, Some(401));
        assert!(!agent.checked && !agent.nominated);
    }

    #[test]
    fn a_nomination_moves_the_remote_address_until_dtls_is_up() {
        let now = Instant::now();
        let mut agent = agent(now);
        let request = client_check("local-ufrag:remote", "local-password", true);
        agent.handle(&request, "127.0.0.1:2000".parse().unwrap(), now);
        assert_eq!(agent.remote.port(), 2000);
        agent.settled = true;
        let request = client_check("local-ufrag:remote", "local-password", true);
        agent.handle(&request, "127.0.0.1:1000".parse().unwrap(), now);
        assert_eq!(agent.remote.port(), 2000);
        let request = client_check("local-ufrag:remote", "local-password", true);
        let later = now + Duration::from_secs(21);
        agent.handle(&request, "127.0.0.1:1000".parse().unwrap(), later);
        assert_eq!(agent.remote.port(), 1000);
    }

    #[test]
    fn a_dead_candidate_is_left_after_three_seconds() {
        let now = Instant::now();
        let mut agent = agent(now);
        let ports: Vec<u16> = (0..=3)
            .filter_map(|second| agent.poll(now + Duration::from_secs(second)))
            .map(|(_, to)| to.port())
            .collect();
        assert_eq!(ports, [1000, 1000, 1000, 2000]);
    }

    #[test]
    fn a_role_conflict_is_obeyed() {
        let now = Instant::now();
        let mut agent = agent(now);
        let (check, to) = agent.poll(now).unwrap();
        let transaction = Message::parse(&check).unwrap().transaction;
        let replies = agent.handle(&stun::error(&transaction, 487, "Role Conflict", "x"), to, now);
        assert!(agent.controlling);
        assert!(Message::parse(&replies[0].0).unwrap().use_candidate);
    }
}
