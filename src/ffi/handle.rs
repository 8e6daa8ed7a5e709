//! Handles: opaque typed pointers whose value is a checked id, never an address.
//!
//! 64-bit: `type:8 process:8 generation:16 index:31 1`; 32-bit: `5 3 8 15 1`. The low bit makes
//! it impossible for a handle to be an object's address, so a dereference faults. A slot whose
//! generations are used up is never used again, hence an old handle never names a new object.
//! `process` counts forks: a child knows its parent's handles without touching the slab, whose
//! lock may have been held by a thread that the child does not have.

use super::client::ClientObject;
use super::roster::{MemberList, OwnedLayout, TextList};
use super::waiter::Waiter;
use crate::call::{Call, ExpectedCall, Mixer};
use crate::error::{Error, ErrorKind, Result};
use crate::host::HostCall;
use crate::media::file::Recorder;
use crate::rest::OutgoingMessage;
use crate::runtime::dispatch;
use crate::Credentials;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

#[cfg(target_pointer_width = "64")]
mod bits {
    pub(super) const TYPE: u32 = 8;
    pub(super) const PROCESS: u32 = 8;
    pub(super) const GENERATION: u32 = 16;
    pub(super) const INDEX: u32 = 31;
}
#[cfg(target_pointer_width = "32")]
mod bits {
    pub(super) const TYPE: u32 = 5;
    pub(super) const PROCESS: u32 = 3;
    pub(super) const GENERATION: u32 = 8;
    pub(super) const INDEX: u32 = 15;
}
const _: () =
    assert!(bits::TYPE + bits::PROCESS + bits::GENERATION + bits::INDEX + 1 == usize::BITS);

/// What handles stand for. Cloned out of the slab, so that no lock is held while it is used.
pub(super) enum Object {
    Client(Arc<ClientObject>),
    Call(Call),
    Waiter(Arc<Waiter>),
    /// The `user_data` of one armed waiter completion.
    Ticket(Arc<Waiter>),
    Recorder(Arc<Recorder>),
    Mixer(Arc<Mixer>),
    Members(Arc<MemberList>),
    Layout(Arc<OwnedLayout>),
    Texts(Arc<TextList>),
    Outgoing(OutgoingMessage),
    Expected(ExpectedCall),
    Host(HostCall),
    Credentials(Credentials),
    TokenReply(Arc<super::credentials::Reply>),
    #[cfg(feature = "oauth")]
    OAuth(Arc<super::oauth::OAuthObject>),
    #[cfg(feature = "oauth")]
    Login(super::oauth::Login),
    #[cfg(feature = "dpop")]
    DeviceKey(crate::DeviceKey),
    #[cfg(feature = "rest-api")]
    Rest(crate::rest_api::RestClient),
    AudioDevices(crate::AudioDevices),
    Microphone(crate::Microphone),
    Loudspeaker(crate::Loudspeaker),
    AudioProcessor(crate::AudioProcessor),
    Picture(crate::Picture),
}

/// The opaque C types.
pub(super) trait Handle {
    /// Distinguishes the types; below 32, never 0.
    const TAG: usize;
    const NAME: &'static str;
    type Target;
    fn wrap(target: Self::Target) -> Object;
    fn target(object: &Object) -> Option<Self::Target>;
}

macro_rules! handle {
    ($type:ty, $tag:literal, $variant:ident, $target:ty) => {
        const _: () = assert!($tag != 0 && $tag < 1 << bits::TYPE);
        impl Handle for $type {
            const TAG: usize = $tag;
            const NAME: &'static str = stringify!($type);
            type Target = $target;
            fn wrap(target: $target) -> Object {
                Object::$variant(target)
            }
            fn target(object: &Object) -> Option<$target> {
                match object {
                    Object::$variant(target) => Some(target.clone()),
                    _ => None,
                }
            }
        }
    };
}

handle!(super::client::sw_client, 1, Client, Arc<ClientObject>);
handle!(super::call::sw_call, 2, Call, Call);
handle!(super::waiter::sw_waiter, 3, Waiter, Arc<Waiter>);
handle!(super::waiter::Ticket, 4, Ticket, Arc<Waiter>);
handle!(super::recording::sw_recorder, 5, Recorder, Arc<Recorder>);
handle!(super::roster::sw_member_list, 6, Members, Arc<MemberList>);
handle!(super::roster::sw_layout_snapshot, 7, Layout, Arc<OwnedLayout>);
handle!(super::roster::sw_text_list, 8, Texts, Arc<TextList>);
handle!(super::outgoing::sw_outgoing_message, 9, Outgoing, OutgoingMessage);
handle!(super::wake_up::sw_expected_call, 10, Expected, ExpectedCall);
handle!(super::host::sw_host_call, 11, Host, HostCall);
handle!(super::credentials::sw_credentials, 12, Credentials, Credentials);
handle!(super::credentials::sw_token_reply, 13, TokenReply, Arc<super::credentials::Reply>);
#[cfg(feature = "oauth")]
handle!(super::oauth::sw_oauth, 14, OAuth, Arc<super::oauth::OAuthObject>);
#[cfg(feature = "oauth")]
handle!(super::oauth::sw_oauth_login, 15, Login, super::oauth::Login);
#[cfg(feature = "dpop")]
handle!(super::device_key::sw_device_key, 16, DeviceKey, crate::DeviceKey);
#[cfg(feature = "rest-api")]
handle!(super::rest_api::sw_rest_client, 17, Rest, crate::rest_api::RestClient);
handle!(super::mixer::sw_mixer, 18, Mixer, Arc<Mixer>);
handle!(super::devices::sw_audio_devices, 19, AudioDevices, crate::AudioDevices);
handle!(super::devices::sw_microphone, 20, Microphone, crate::Microphone);
handle!(super::devices::sw_loudspeaker, 21, Loudspeaker, crate::Loudspeaker);
handle!(super::processing::sw_audio_processor, 22, AudioProcessor, crate::AudioProcessor);
handle!(super::picture::sw_picture, 23, Picture, crate::Picture);

struct Slot {
    generation: usize,
    references: usize,
    object: Option<Object>,
}

#[derive(Default)]
struct Slab {
    slots: Vec<Slot>,
    free: Vec<usize>,
}

struct Registry {
    process: usize,
    slab: RwLock<Slab>,
}

/// The registry of the present process; one more is made, and the old one left, after a fork.
static REGISTRY: AtomicPtr<Registry> = AtomicPtr::new(std::ptr::null_mut());

fn mask(width: u32) -> usize {
    (1 << width) - 1
}

fn process() -> usize {
    dispatch::process() as usize & mask(bits::PROCESS)
}

fn registry() -> &'static Registry {
    let current = REGISTRY.load(Ordering::Acquire);
    // SAFETY: NULL or a registry that was leaked below and hence lives for ever.
    if let Some(registry) = unsafe { current.as_ref() } {
        if registry.process == process() {
            return registry;
        }
    }
    let new = Box::into_raw(Box::new(Registry { process: process(), slab: RwLock::default() }));
    match REGISTRY.compare_exchange(current, new, Ordering::AcqRel, Ordering::Acquire) {
        // SAFETY: just made and never freed, since it is now the registry.
        Ok(_) => unsafe { &*new },
        Err(other) => {
            // SAFETY: nobody else has seen `new`; `other` is a leaked registry as above.
            unsafe {
                drop(Box::from_raw(new));
                &*other
            }
        }
    }
}

impl Registry {
    // Nothing under these locks can panic half way, so a poisoned slab is a whole one.
    fn read(&self) -> RwLockReadGuard<'_, Slab> {
        self.slab.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Slab> {
        self.slab.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handle's value, taken apart.
struct Id {
    tag: usize,
    process: usize,
    generation: usize,
    index: usize,
}

impl Id {
    fn encode(&self) -> usize {
        let mut value = self.tag;
        value = value << bits::PROCESS | self.process;
        value = value << bits::GENERATION | self.generation;
        value = value << bits::INDEX | self.index;
        value << 1 | 1
    }

    fn decode(value: usize) -> Option<Self> {
        let mut rest = value >> 1;
        let mut take = |width| {
            let field = rest & mask(width);
            rest >>= width;
            field
        };
        let (index, generation) = (take(bits::INDEX), take(bits::GENERATION));
        let (process, tag) = (take(bits::PROCESS), take(bits::TYPE));
        (value & 1 == 1).then_some(Self { tag, process, generation, index })
    }

    /// The id of a handle of type `T` of this process, or why it is none.
    fn of<T: Handle>(handle: *const T) -> Result<Self> {
        let id = Self::decode(handle.addr()).filter(|id| id.tag == T::TAG);
        let id = id.ok_or_else(|| invalid::<T>(handle))?;
        if id.process != process() {
            return Err(Error::new(
                ErrorKind::Forked,
                "this object was made before the process forked; make a new client in the child",
            ));
        }
        Ok(id)
    }
}

fn invalid<T: Handle>(handle: *const T) -> Error {
    let name = T::NAME.rsplit(':').next().unwrap_or(T::NAME);
    let text = if handle.is_null() {
        format!("the {name} handle is NULL")
    } else {
        format!("this is not a living {name} handle: it was freed or is of another type")
    };
    Error::new(ErrorKind::InvalidHandle, text)
}

impl Slab {
    fn slot(&mut self, id: &Id) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(id.index)?;
        (slot.generation == id.generation && slot.object.is_some()).then_some(slot)
    }

    /// Takes the object out; the caller drops it after the lock.
    fn take(&mut self, id: &Id) -> Option<Object> {
        let slot = self.slot(id)?;
        let object = slot.object.take();
        if slot.generation < mask(bits::GENERATION) {
            slot.generation += 1;
            self.free.push(id.index);
        }
        object
    }
}

/// Makes a handle with one reference.
pub(super) fn insert<T: Handle>(target: T::Target) -> Result<*mut T> {
    let mut slab = registry().write();
    let index = match slab.free.pop() {
        Some(index) => index,
        None if slab.slots.len() <= mask(bits::INDEX) => {
            slab.slots.push(Slot { generation: 0, references: 0, object: None });
            slab.slots.len() - 1
        }
        None => return Err(Error::internal("there are too many handles; free some")),
    };
    let slot = &mut slab.slots[index];
    slot.references = 1;
    slot.object = Some(T::wrap(target));
    let id = Id { tag: T::TAG, process: process(), generation: slot.generation, index };
    Ok(std::ptr::without_provenance_mut(id.encode()))
}

/// What a handle stands for. Error: `InvalidHandle`, `Forked`.
pub(super) fn get<T: Handle>(handle: *const T) -> Result<T::Target> {
    let id = Id::of(handle)?;
    let slab = registry().read();
    slab.slots
        .get(id.index)
        .filter(|slot| slot.generation == id.generation)
        .and_then(|slot| slot.object.as_ref())
        .and_then(T::target)
        .ok_or_else(|| invalid(handle))
}

/// Adds a reference.
pub(super) fn add_reference<T: Handle>(handle: *const T) -> Result<()> {
    let id = Id::of(handle)?;
    let mut slab = registry().write();
    let slot = slab.slot(&id).ok_or_else(|| invalid(handle))?;
    slot.references += 1;
    Ok(())
}

/// Takes a reference away; with the last one the handle ends and its target is given back.
/// NULL has no target and is no error.
pub(super) fn release<T: Handle>(handle: *const T) -> Result<Option<T::Target>> {
    if handle.is_null() {
        return Ok(None);
    }
    let id = Id::of(handle)?;
    let object = {
        let mut slab = registry().write();
        let slot = slab.slot(&id).ok_or_else(|| invalid(handle))?;
        slot.references -= 1;
        if slot.references > 0 {
            return Ok(None);
        }
        slab.take(&id)
    };
    Ok(object.as_ref().and_then(T::target))
}

/// All clients that have a handle.
pub(super) fn clients() -> Vec<Arc<ClientObject>> {
    let slab = registry().read();
    slab.slots
        .iter()
        .filter_map(|slot| match &slot.object {
            Some(Object::Client(client)) => Some(Arc::clone(client)),
            _ => None,
        })
        .collect()
}

/// Makes an `sw_call` handle with one reference and gives its value, for other faces that hand a
/// call over to C code. `sw_call_unref` ends it.
pub(crate) fn insert_call(call: Call) -> Result<u64> {
    insert::<super::call::sw_call>(call).map(|handle| handle.addr() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::call::sw_call;
    use super::super::waiter::{sw_waiter, Waiter};
    use super::*;

    fn waiter() -> *mut sw_waiter {
        insert::<sw_waiter>(Arc::new(Waiter::new())).unwrap()
    }

    fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
        result.err().map(|error| error.kind())
    }

    #[test]
    fn freed_foreign_and_garbage_handles_are_refused() {
        let handle = waiter();
        assert!(get(handle).is_ok());
        assert_eq!(handle.addr() & 1, 1);
        assert_eq!(kind(get(handle.cast::<sw_call>())), Some(ErrorKind::InvalidHandle));
        release(handle).unwrap();
        let another = waiter();
        assert_ne!(handle, another);
        for garbage in [0, 1, 2, handle.addr(), handle.addr() ^ 1, usize::MAX, 0x7fff_0000] {
            let garbage: *mut sw_waiter = std::ptr::without_provenance_mut(garbage);
            assert_eq!(kind(get(garbage)), Some(ErrorKind::InvalidHandle), "{garbage:?}");
        }
        assert_eq!(kind(release(handle)), Some(ErrorKind::InvalidHandle));
        assert!(release(another).unwrap().is_some());
        assert!(release(std::ptr::null::<sw_waiter>()).unwrap().is_none());
    }

    #[test]
    fn references_are_counted() {
        let handle = waiter();
        add_reference(handle).unwrap();
        assert!(release(handle).unwrap().is_none());
        assert!(release(handle).unwrap().is_some());
        assert_eq!(kind(add_reference(handle)), Some(ErrorKind::InvalidHandle));
    }

    #[test]
    fn ids_survive_encoding_and_handles_of_a_parent_are_told_apart() {
        let id = Id { tag: 5, process: 6, generation: 77, index: 88 };
        let back = Id::decode(id.encode()).unwrap();
        assert_eq!((back.tag, back.process, back.generation, back.index), (5, 6, 77, 88));
        let parents = Id { tag: sw_waiter::TAG, process: process() + 1, generation: 0, index: 0 };
        let handle: *mut sw_waiter = std::ptr::without_provenance_mut(parents.encode());
        assert_eq!(kind(get(handle)), Some(ErrorKind::Forked));
    }

    #[test]
    fn a_worn_out_slot_is_not_used_again() {
        let mut slab = Slab::default();
        let waiter = Arc::new(Waiter::new());
        slab.slots.push(Slot {
            generation: mask(bits::GENERATION),
            references: 1,
            object: Some(Object::Waiter(waiter)),
        });
        let id = Id { tag: 3, process: 0, generation: mask(bits::GENERATION), index: 0 };
        assert!(slab.take(&id).is_some());
        assert!(slab.free.is_empty());
        assert!(slab.take(&id).is_none());
    }
}
