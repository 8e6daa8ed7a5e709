//! What a user does in a room: to members, to the layout, to the room itself.

use signalwire_client::{Call, Error, ErrorKind, Layout, Member, MemberTarget};

/// Something to do in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomRequest {
    Roster,
    Layouts,
    Layout(String),
    Mute { who: String, muted: bool },
    Deaf { who: String, deaf: bool },
    Hand(bool),
    Lock(bool),
    Remove(String),
    Transfer(String),
}

/// What a request brought, beside being done.
pub enum RoomAnswer {
    Done,
    Roster { members: Vec<Member>, layout: Option<Layout> },
    Layouts(Vec<String>),
}

/// Reads a command; `None` when it is none about rooms.
pub fn parse(word: &str, rest: &str) -> Option<Result<RoomRequest, String>> {
    let needs = |what: &str| Err(format!("{word} needs {what}"));
    let who = rest.to_owned();
    let request = match (word, rest) {
        ("roster", "") => RoomRequest::Roster,
        ("layouts", "") => RoomRequest::Layouts,
        ("lock", "") => RoomRequest::Lock(true),
        ("unlock", "") => RoomRequest::Lock(false),
        ("roster" | "layouts" | "lock" | "unlock", _) => {
            return Some(Err(format!("{word} stands alone")))
        }
        ("hand", "up") => RoomRequest::Hand(true),
        ("hand", "down") => RoomRequest::Hand(false),
        ("hand", _) => return Some(needs("up or down")),
        ("layout", "") => return Some(needs("the name of a layout; layouts lists them")),
        ("layout", _) => RoomRequest::Layout(who),
        ("transfer", "") => return Some(needs("an address")),
        ("transfer", _) => RoomRequest::Transfer(who),
        ("mute" | "unmute", "") => return None,
        ("deaf" | "undeaf" | "remove", "") => {
            return Some(needs("a member: an id, a name as roster shows it, or all"))
        }
        ("mute" | "unmute", _) => RoomRequest::Mute { who, muted: word == "mute" },
        ("deaf" | "undeaf", _) => RoomRequest::Deaf { who, deaf: word == "deaf" },
        ("remove", _) => RoomRequest::Remove(who),
        _ => return None,
    };
    Some(Ok(request))
}

/// Does it.
pub async fn run(call: &Call, request: RoomRequest) -> signalwire_client::Result<RoomAnswer> {
    match request {
        RoomRequest::Roster => {
            return Ok(RoomAnswer::Roster { members: call.members(), layout: call.layout() })
        }
        RoomRequest::Layouts => return call.layouts().await.map(RoomAnswer::Layouts),
        RoomRequest::Layout(name) => call.set_layout(&name).await?,
        RoomRequest::Mute { who, muted } => {
            call.set_audio_muted(target(call, &who)?, muted).await?;
        }
        RoomRequest::Deaf { who, deaf } => call.set_deaf(target(call, &who)?, deaf).await?,
        RoomRequest::Hand(raised) => call.set_hand_raised(MemberTarget::Own, raised).await?,
        RoomRequest::Lock(locked) => call.set_locked(locked).await?,
        RoomRequest::Remove(who) => {
            let MemberTarget::Member(id) = target(call, &who)? else {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    "remove takes one member, not all",
                ));
            };
            call.remove_member(&id).await?;
        }
        RoomRequest::Transfer(address) => call.transfer(&address).await?,
    }
    Ok(RoomAnswer::Done)
}

/// A member by id, by what the roster calls it, or `all`.
fn target(call: &Call, who: &str) -> signalwire_client::Result<MemberTarget> {
    if who == "all" {
        return Ok(MemberTarget::All);
    }
    let members = call.members();
    let named: Vec<&Member> = members.iter().filter(|member| short_name(member) == who).collect();
    match named.as_slice() {
        [member] => Ok(MemberTarget::Member(member.member_id.clone())),
        // The library says when there is no such id.
        [] => Ok(MemberTarget::Member(who.to_owned())),
        _ => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("{who:?} is the name of several members: take an id"),
        )),
    }
}

/// `alice` of `sip:alice@…;context=private`.
pub fn short_name(member: &Member) -> &str {
    let name = member.name.strip_prefix("sip:").unwrap_or(&member.name);
    name.split(['@', ';']).next().unwrap_or(name)
}

/// The flags of a member as words.
pub fn flags(member: &Member) -> Vec<&'static str> {
    let flags = [
        (member.is_self, "you"),
        (member.is_talking, "talking"),
        (member.audio_muted, "muted"),
        (member.is_deaf, "deaf"),
        (member.hand_raised, "hand raised"),
    ];
    flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word).collect()
}
