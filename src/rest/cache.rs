//! The addresses that were read lately, by their ids.

use super::directory::Address;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Addresses that are kept; the one read longest ago makes room.
const CAPACITY: usize = 1_024;

/// Filled by every answer with addresses; asked only by name, so that nobody takes an old entry
/// for a fresh one. Entries of an earlier session are forgotten.
#[derive(Default)]
pub(crate) struct AddressCache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    session: u64,
    entries: HashMap<String, (u64, Address)>,
    /// Counts what was put in.
    clock: u64,
}

impl AddressCache {
    /// Keeps what was asked for in this session; nothing if a newer one has begun meanwhile.
    pub(crate) fn put(&self, session: u64, addresses: &[Address]) {
        let mut kept = self.kept();
        if session < kept.session {
            return;
        }
        kept.enter(session);
        for address in addresses {
            kept.clock += 1;
            let entry = (kept.clock, address.clone());
            kept.entries.insert(address.id.clone(), entry);
        }
        while kept.entries.len() > CAPACITY {
            let oldest = kept.entries.iter().min_by_key(|(_, (at, _))| *at);
            let Some(id) = oldest.map(|(id, _)| id.clone()) else { break };
            kept.entries.remove(&id);
        }
    }

    pub(crate) fn get(&self, session: u64, id: &str) -> Option<Address> {
        let mut kept = self.kept();
        kept.enter(session);
        kept.entries.get(id).map(|(_, address)| address.clone())
    }

    /// Whoever asks from now on may be somebody else.
    pub(crate) fn clear(&self) {
        self.kept().entries.clear();
    }

    /// The service says that there is no such address.
    pub(crate) fn remove(&self, id: &str) {
        self.kept().entries.remove(id);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn enter(&mut self, session: u64) {
        if session > self.session {
            self.session = session;
            self.entries.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn address(id: usize) -> Address {
        Address::parse(&json!({"id": id.to_string(), "name": "n"})).unwrap()
    }

    #[test]
    fn it_is_bounded_and_forgets_with_the_session() {
        let cache = AddressCache::default();
        let many: Vec<Address> = (0..CAPACITY + 3).map(address).collect();
        cache.put(1, &many);
        assert_eq!(cache.get(1, "0"), None);
        assert!(cache.get(1, "3").is_some());
        cache.put(1, &[address(3)]);
        cache.put(1, &[address(9_999)]);
        assert!(cache.get(1, "3").is_some(), "what was read again is young");
        assert_eq!(cache.get(1, "4"), None);
        cache.remove("3");
        assert_eq!(cache.get(1, "3"), None);
        assert_eq!(cache.get(2, "9999"), None, "another session");
        cache.put(1, &[address(7)]);
        assert_eq!(cache.get(2, "7"), None, "asked for before the session");
    }
}
