//! Who is in a call and how it is laid out, as structs that own their texts: for snapshots that
//! the application frees and for events that borrow them.

use super::call::sw_call;
use super::guard::guard;
use super::handle;
use super::status::sw_status;
use super::text::{list, Out, Texts};
use crate::call::{Layout, LayoutLayer, Member, MemberKind};
use crate::error::{Error, ErrorKind};
use std::ffi::c_char;
use std::sync::Arc;

/// What kind of participant a member is. Numbers never change; a newer library may have more.
#[repr(C)]
pub enum sw_member_kinds {
    /// A person, an agent or a line; also every kind that the library does not know.
    SW_MEMBER_KIND_MEMBER = 0,
    /// A shared screen; `parent_id` says whose.
    SW_MEMBER_KIND_SCREEN = 1,
    /// A further device of a member; `parent_id` says whose.
    SW_MEMBER_KIND_DEVICE = 2,
}

/// A member of a call at one moment. Borrowed, with all its texts, from the event or list that
/// has it. A flag that the service has not told is false; where both values say something, it is
/// 1, 0, or -1 for not told. No text is NULL unless it is called nullable; one that was not told
/// is empty.
#[repr(C)]
pub struct sw_member {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// One of `SW_MEMBER_KIND_*`.
    pub kind: i32,
    /// Whether it is this call itself.
    pub is_self: bool,
    /// Whether the member speaks at the moment.
    pub is_talking: bool,
    /// Whether the microphone is muted by the service.
    pub audio_muted: bool,
    /// Whether the camera is muted by the service.
    pub video_muted: bool,
    /// Whether the member gets no audio.
    pub is_deaf: bool,
    /// Whether the hand is raised.
    pub hand_raised: bool,
    /// Whether the member gets video of low bit rate.
    pub low_bitrate: bool,
    /// Whether `input_volume` was told.
    pub has_input_volume: bool,
    /// Whether `output_volume` was told.
    pub has_output_volume: bool,
    /// Whether `input_sensitivity` was told.
    pub has_input_sensitivity: bool,
    /// Echo cancellation at the service: 1, 0, or -1 for not told.
    pub echo_cancellation: i32,
    /// Automatic gain at the service: 1, 0, or -1 for not told.
    pub auto_gain: i32,
    /// Noise suppression at the service: 1, 0, or -1 for not told.
    pub noise_suppression: i32,
    /// Whether the member's video is shown: 1, 0, or -1 for not told.
    pub visible: i32,
    /// Volume of the microphone, -50 to 50.
    pub input_volume: f64,
    /// Volume of what the member hears, -50 to 50.
    pub output_volume: f64,
    /// Below which level sound counts as silence, 0 to 100.
    pub input_sensitivity: f64,
    /// The member's id, which the functions about members take.
    pub member_id: *const c_char,
    /// The call id of the member's own leg or segment.
    pub call_id: *const c_char,
    /// The media node of that leg.
    pub node_id: *const c_char,
    /// The session that the member is in. A call that was moved on is in several.
    pub room_session_id: *const c_char,
    /// The member's name, often as `sip:alice@…;context=private`.
    pub name: *const c_char,
    /// Whose screen or device it is. Nullable.
    pub parent_id: *const c_char,
    /// Where the layout shows the member: `off-canvas` for nowhere. NULL before the first layout.
    pub position: *const c_char,
    /// Where the member was asked to be shown. Nullable.
    pub requested_position: *const c_char,
    /// The subscriber, if the member is one. Nullable.
    pub subscriber_id: *const c_char,
    /// The address by which the member came. Nullable.
    pub address_id: *const c_char,
    /// What applications attached to the member: the text of one JSON object.
    pub meta_json: *const c_char,
    /// All that the service told of the member, as the text of one JSON object.
    pub raw_json: *const c_char,
}

/// One place of a layout. Lengths are percentages of the canvas, from its upper left corner.
/// Borrowed with the layout that has it.
#[repr(C)]
pub struct sw_layout_layer {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// The place's number.
    pub layer_index: i32,
    /// Higher ones cover lower ones.
    pub z_index: i32,
    /// Whether a file is played there.
    pub is_playing_file: bool,
    /// Whether the place is shown.
    pub is_visible: bool,
    /// Distance from the left edge, percent.
    pub x: f64,
    /// Distance from the upper edge, percent.
    pub y: f64,
    /// Width, percent.
    pub width: f64,
    /// Height, percent.
    pub height: f64,
    /// Who is shown there; NULL for an empty place.
    pub member_id: *const c_char,
    /// The position's name, such as `standard-1` or `reserved-0`; empty when not given.
    pub position: *const c_char,
    /// The name under which the place is reserved. Nullable.
    pub reservation: *const c_char,
}

/// The layout of a session. Borrowed, with all its texts, from the event or snapshot that has it.
#[repr(C)]
pub struct sw_layout {
    /// Size of this struct in the library, in bytes.
    pub struct_size: u32,
    /// The layout's id, which is the name that `sw_call_set_layout` takes.
    pub id: *const c_char,
    /// The layout's name for people; the id where the service gives none.
    pub name: *const c_char,
    /// The session that it belongs to.
    pub room_session_id: *const c_char,
    /// The places on the canvas: `layer_count` pointers; NULL until the service described them.
    pub layers: *const *const sw_layout_layer,
    /// Number of places.
    pub layer_count: usize,
}

/// The members of a call at one moment. Owned: `sw_member_list_free`.
pub struct sw_member_list {
    _private: [u8; 0],
}

/// The layout of a call at one moment. Owned: `sw_layout_snapshot_free`.
pub struct sw_layout_snapshot {
    _private: [u8; 0],
}

/// A list of texts. Owned: `sw_text_list_free`.
pub struct sw_text_list {
    _private: [u8; 0],
}

fn known(flag: Option<bool>) -> i32 {
    flag.map_or(-1, i32::from)
}

fn kind(kind: MemberKind) -> sw_member_kinds {
    match kind {
        MemberKind::Member => sw_member_kinds::SW_MEMBER_KIND_MEMBER,
        MemberKind::Screen => sw_member_kinds::SW_MEMBER_KIND_SCREEN,
        MemberKind::Device => sw_member_kinds::SW_MEMBER_KIND_DEVICE,
    }
}

fn to_member(member: &Member, texts: &mut Texts) -> sw_member {
    sw_member {
        struct_size: size_of::<sw_member>() as u32,
        kind: kind(member.kind) as i32,
        is_self: member.is_self,
        is_talking: member.is_talking,
        audio_muted: member.audio_muted,
        video_muted: member.video_muted,
        is_deaf: member.is_deaf,
        hand_raised: member.hand_raised,
        low_bitrate: member.low_bitrate,
        has_input_volume: member.input_volume.is_some(),
        has_output_volume: member.output_volume.is_some(),
        has_input_sensitivity: member.input_sensitivity.is_some(),
        echo_cancellation: known(member.echo_cancellation),
        auto_gain: known(member.auto_gain),
        noise_suppression: known(member.noise_suppression),
        visible: known(member.visible),
        input_volume: member.input_volume.unwrap_or(0.0),
        output_volume: member.output_volume.unwrap_or(0.0),
        input_sensitivity: member.input_sensitivity.unwrap_or(0.0),
        member_id: texts.add(&member.member_id),
        call_id: texts.add(&member.call_id),
        node_id: texts.add(&member.node_id),
        room_session_id: texts.add(&member.room_session_id),
        name: texts.add(&member.name),
        parent_id: texts.add_optional(member.parent_id.as_deref()),
        position: texts.add_optional(member.position.as_deref()),
        requested_position: texts.add_optional(member.requested_position.as_deref()),
        subscriber_id: texts.add_optional(member.subscriber_id.as_deref()),
        address_id: texts.add_optional(member.address_id.as_deref()),
        meta_json: texts.add(&member.meta_json),
        raw_json: texts.add(&member.raw_json),
    }
}

fn to_layer(layer: &LayoutLayer, texts: &mut Texts) -> sw_layout_layer {
    sw_layout_layer {
        struct_size: size_of::<sw_layout_layer>() as u32,
        layer_index: layer.layer_index,
        z_index: layer.z_index,
        is_playing_file: layer.is_playing_file,
        is_visible: layer.is_visible,
        x: layer.x,
        y: layer.y,
        width: layer.width,
        height: layer.height,
        member_id: texts.add_optional(layer.member_id.as_deref()),
        position: texts.add(&layer.position),
        reservation: texts.add_optional(layer.reservation.as_deref()),
    }
}

/// Structs with all that they point to. What is on the heap stays where it is when this moves.
pub(super) struct OwnedList<T> {
    _texts: Texts,
    _structs: Vec<T>,
    pointers: Vec<*const T>,
}

// SAFETY: nothing in it changes after it was made, and it points only to what it owns.
unsafe impl<T> Send for OwnedList<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for OwnedList<T> {}

impl<T> OwnedList<T> {
    fn new<S>(sources: &[S], convert: impl Fn(&S, &mut Texts) -> T) -> Self {
        let mut texts = Texts::default();
        let structs: Vec<T> = sources.iter().map(|source| convert(source, &mut texts)).collect();
        let pointers = structs.iter().map(std::ptr::from_ref).collect();
        Self { _texts: texts, _structs: structs, pointers }
    }
}

/// The members of a call.
pub(super) type MemberList = OwnedList<sw_member>;

impl MemberList {
    pub(super) fn of(members: &[Member]) -> Self {
        Self::new(members, to_member)
    }

    /// The first member; NULL when there is none.
    pub(super) fn first(&self) -> *const sw_member {
        self.pointers.first().copied().unwrap_or(std::ptr::null())
    }
}

/// A layout with its places.
pub(super) struct OwnedLayout {
    _layers: OwnedList<sw_layout_layer>,
    _texts: Texts,
    raw: Box<sw_layout>,
}

// SAFETY: nothing in it changes after it was made, and it points only to what it owns.
unsafe impl Send for OwnedLayout {}
// SAFETY: as above.
unsafe impl Sync for OwnedLayout {}

impl OwnedLayout {
    pub(super) fn of(layout: &Layout) -> Self {
        let layers = OwnedList::new(&layout.layers, to_layer);
        let mut texts = Texts::default();
        let raw = Box::new(sw_layout {
            struct_size: size_of::<sw_layout>() as u32,
            id: texts.add(&layout.id),
            name: texts.add(&layout.name),
            room_session_id: texts.add(&layout.room_session_id),
            layers: list(&layers.pointers),
            layer_count: layers.pointers.len(),
        });
        Self { _layers: layers, _texts: texts, raw }
    }

    pub(super) fn raw(&self) -> *const sw_layout {
        std::ptr::from_ref(&*self.raw)
    }
}

/// Texts with the pointers to them.
#[derive(Default)]
pub(super) struct TextList {
    _texts: Texts,
    pointers: Vec<*const c_char>,
}

// SAFETY: nothing in it changes after it was made, and it points only to what it owns.
unsafe impl Send for TextList {}
// SAFETY: as above.
unsafe impl Sync for TextList {}

impl TextList {
    pub(super) fn of(list: &[String]) -> Self {
        let mut texts = Texts::default();
        let pointers = list.iter().map(|text| texts.add(text)).collect();
        Self { _texts: texts, pointers }
    }

    /// The list, NULL when it is empty, and its length.
    pub(super) fn parts(&self) -> (*const *const c_char, usize) {
        (list(&self.pointers), self.pointers.len())
    }
}

/// Gives everybody known to be in the call at this moment, in the order in which they came: the
/// own member (more than once while the call is in several sessions, see `room_session_id`),
/// other people, screens, devices. Empty before the call joined its session.
///
/// `call`: not null. `out_list`: not null; written on success; free it with
/// `sw_member_list_free`. It does not change any more; each change of the call's members is an
/// event. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_members(
    call: *const sw_call,
    out_list: *mut *mut sw_member_list,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_list, "out_list")? };
        let list = MemberList::of(&call.members());
        out.set(handle::insert::<sw_member_list>(Arc::new(list))?);
        Ok(())
    })
}

/// Gives the members of a list: `*out_count` pointers, none of them NULL; NULL when there are
/// none. They are borrowed until `sw_member_list_free`.
///
/// `list`, `out_members`, `out_count`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread; does
/// not block.
#[no_mangle]
pub extern "C" fn sw_member_list_get(
    list: *const sw_member_list,
    out_members: *mut *const *const sw_member,
    out_count: *mut usize,
) -> sw_status {
    guard(|| {
        let members = handle::get(list)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_members, "out_members")? };
        // SAFETY: as above.
        unsafe { Out::required(out_count, "out_count")? }.set(members.pointers.len());
        out.set(super::text::list(&members.pointers));
        Ok(())
    })
}

/// Frees a list of members, and with it what `sw_member_list_get` gave.
///
/// `list`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
#[no_mangle]
pub extern "C" fn sw_member_list_free(list: *mut sw_member_list) -> sw_status {
    guard(|| handle::release(list).map(drop))
}

/// Gives the layout where the call is at the moment.
///
/// `call`: not null. `out_layout`: not null; written on success; free it with
/// `sw_layout_snapshot_free`. It does not change any more. Errors: `SW_ERR_INVALID_STATE` before
/// the service told one. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_layout(
    call: *const sw_call,
    out_layout: *mut *mut sw_layout_snapshot,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_layout, "out_layout")? };
        let layout = call.layout().ok_or_else(no_layout)?;
        let layout = Arc::new(OwnedLayout::of(&layout));
        out.set(handle::insert::<sw_layout_snapshot>(layout)?);
        Ok(())
    })
}

fn no_layout() -> Error {
    let text = "the service has told no layout; wait for SW_CALL_EVENT_LAYOUT_CHANGED";
    Error::new(ErrorKind::InvalidState, text)
}

/// Gives the layout of a snapshot, borrowed until `sw_layout_snapshot_free`.
///
/// `snapshot`, `out_layout`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_layout_snapshot_get(
    snapshot: *const sw_layout_snapshot,
    out_layout: *mut *const sw_layout,
) -> sw_status {
    guard(|| {
        let layout = handle::get(snapshot)?;
        // SAFETY: the header asks for NULL or a place for the result.
        unsafe { Out::required(out_layout, "out_layout")? }.set(layout.raw());
        Ok(())
    })
}

/// Frees a snapshot of a layout, and with it what `sw_layout_snapshot_get` gave.
///
/// `snapshot`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any
/// thread.
#[no_mangle]
pub extern "C" fn sw_layout_snapshot_free(snapshot: *mut sw_layout_snapshot) -> sw_status {
    guard(|| handle::release(snapshot).map(drop))
}

/// Gives what the own member may do where the call is at the moment, as the service words it:
/// such as `self.mute` or `member.remove`; a word grants everything below it (`self`). Empty
/// before the call joined its session.
///
/// `call`: not null. `out_list`: not null; written on success; free it with `sw_text_list_free`.
/// Any thread; does not block.
#[no_mangle]
pub extern "C" fn sw_call_capabilities(
    call: *const sw_call,
    out_list: *mut *mut sw_text_list,
) -> sw_status {
    guard(|| {
        let call = handle::get(call)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_list, "out_list")? };
        let list = TextList::of(&call.capabilities());
        out.set(handle::insert::<sw_text_list>(Arc::new(list))?);
        Ok(())
    })
}

/// Gives the texts of a list: `*out_count` pointers, none of them NULL; NULL when there are none.
/// They are borrowed until `sw_text_list_free`.
///
/// `list`, `out_texts`, `out_count`: not null. Errors: `SW_ERR_INVALID_HANDLE`. Any thread; does
/// not block.
#[no_mangle]
pub extern "C" fn sw_text_list_get(
    list: *const sw_text_list,
    out_texts: *mut *const *const c_char,
    out_count: *mut usize,
) -> sw_status {
    guard(|| {
        let list = handle::get(list)?;
        // SAFETY: the header asks for NULL or a place for the result.
        let out = unsafe { Out::required(out_texts, "out_texts")? };
        let (texts, count) = list.parts();
        // SAFETY: as above.
        unsafe { Out::required(out_count, "out_count")? }.set(count);
        out.set(texts);
        Ok(())
    })
}

/// Frees a list of texts, and with it what `sw_text_list_get` gave.
///
/// `list`: nullable; NULL is ok. Errors: `SW_ERR_INVALID_HANDLE` on the second call. Any thread.
#[no_mangle]
pub extern "C" fn sw_text_list_free(list: *mut sw_text_list) -> sw_status {
    guard(|| handle::release(list).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;

    #[test]
    fn what_was_not_told_is_told_apart() {
        let member = Member {
            member_id: "m".into(),
            auto_gain: Some(false),
            visible: Some(true),
            output_volume: Some(-2.0),
            ..Member::default()
        };
        let list = MemberList::of(&[member]);
        let moved = Box::new(list);
        // SAFETY: the list's own struct, which stays where it is when the list moves.
        let raw = unsafe { &*moved.first() };
        assert_eq!((raw.echo_cancellation, raw.auto_gain, raw.visible), (-1, 0, 1));
        assert_eq!((raw.has_input_volume, raw.has_output_volume), (false, true));
        assert_eq!(raw.output_volume, -2.0);
        assert!(raw.parent_id.is_null() && raw.position.is_null());
        // SAFETY: the list's own texts.
        let (id, name) = unsafe { (CStr::from_ptr(raw.member_id), CStr::from_ptr(raw.name)) };
        assert_eq!((id, name), (c"m", c""));
        assert!(MemberList::of(&[]).first().is_null());
    }

    #[test]
    fn places_of_a_layout_are_pointed_to() {
        let layer =
            LayoutLayer { position: "standard-1".into(), x: 12.5, ..LayoutLayer::default() };
        let layers = vec![LayoutLayer::default(), layer];
        let layout = OwnedLayout::of(&Layout { id: "2x1".into(), layers, ..Layout::default() });
        // SAFETY: the layout's own structs.
        let (raw, second) = unsafe {
            let raw = &*layout.raw();
            (raw, &**raw.layers.add(1))
        };
        assert_eq!((raw.layer_count, second.x), (2, 12.5));
        // SAFETY: the layout's own text.
        assert_eq!(unsafe { CStr::from_ptr(second.position) }, c"standard-1");
        assert!(second.member_id.is_null());
        // SAFETY: as above.
        assert!(unsafe { &*OwnedLayout::of(&Layout::default()).raw() }.layers.is_null());
    }
}
