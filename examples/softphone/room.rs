//! What a user does in a room: to members, to the layout, to the room itself.

use signalwire_client::{
    AudioFlags, Call, CallState, Error, ErrorKind, Layout, Member, MemberKind, MemberPosition,
    MemberTarget, ScreenShareOptions,
};

/// Something to do in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomRequest {
    Roster,
    Layouts,
    Layout(String),
    Mute { who: String, muted: bool },
    Camera { who: String, muted: bool },
    Deaf { who: String, deaf: bool },
    Hand { who: String, raised: bool },
    Level { who: String, level: Level, value: i32 },
    Flags { who: String, flags: AudioFlags },
    Position { who: String, position: String },
    Lock(bool),
    Remove(String),
    End(String),
    Screen(bool),
    Transfer(String),
}

/// What of a member has a strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    InputVolume,
    OutputVolume,
    Sensitivity,
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
        (
            "hand" | "camera" | "input-volume" | "output-volume" | "sensitivity" | "flags"
            | "position",
            _,
        ) => return Some(parse_setting(word, rest)),
        ("screen", "start") => RoomRequest::Screen(true),
        ("screen", "stop") => RoomRequest::Screen(false),
        ("screen", _) => return Some(needs("start or stop")),
        ("layout", "") => return Some(needs("the name of a layout; layouts lists them")),
        ("layout", _) => RoomRequest::Layout(who),
        ("transfer", "") => return Some(needs("an address")),
        ("transfer", _) => RoomRequest::Transfer(who),
        ("mute" | "unmute", "") => return None,
        ("deaf" | "undeaf" | "remove" | "end", "") => {
            return Some(needs("a member: an id, a name as roster shows it, or all"))
        }
        ("mute" | "unmute", _) => RoomRequest::Mute { who, muted: word == "mute" },
        ("deaf" | "undeaf", _) => RoomRequest::Deaf { who, deaf: word == "deaf" },
        ("remove", _) => RoomRequest::Remove(who),
        ("end", _) => RoomRequest::End(who),
        _ => return None,
    };
    Some(Ok(request))
}

/// Reads a command that gives a member something: `hand up`, `input-volume -7 alice`. Without a
/// member it is the own one.
fn parse_setting(word: &str, rest: &str) -> Result<RoomRequest, String> {
    let (value, who) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let who = who.trim().to_owned();
    let level = |level| match value.parse() {
        Ok(value) => Ok(RoomRequest::Level { who: who.clone(), level, value }),
        Err(_) => Err(format!("{word} needs a number, and then a member")),
    };
    match (word, value) {
        ("hand", "up" | "down") => Ok(RoomRequest::Hand { who, raised: value == "up" }),
        ("camera", "on" | "off") => Ok(RoomRequest::Camera { who, muted: value == "off" }),
        ("camera", _) => Err("camera needs on or off".to_owned()),
        ("input-volume", _) => level(Level::InputVolume),
        ("output-volume", _) => level(Level::OutputVolume),
        ("sensitivity", _) => level(Level::Sensitivity),
        ("flags", _) => Ok(RoomRequest::Flags { who, flags: parse_flags(value)? }),
        ("position", position) if !position.is_empty() => {
            Ok(RoomRequest::Position { who, position: position.to_owned() })
        }
        ("position", _) => Err("position needs one, such as reserved-0".to_owned()),
        _ => Err(format!("{word} needs up or down")),
    }
}

/// `echo=on,gain=off`, in any order.
fn parse_flags(text: &str) -> Result<AudioFlags, String> {
    let usage = || "flags needs echo=, gain= or noise=, each on or off, with commas".to_owned();
    let mut flags = AudioFlags::default();
    for part in text.split(',') {
        let (name, value) = part.split_once('=').ok_or_else(usage)?;
        let flag = match name {
            "echo" => &mut flags.echo_cancellation,
            "gain" => &mut flags.auto_gain,
            "noise" => &mut flags.noise_suppression,
            _ => return Err(usage()),
        };
        *flag = match value {
            "on" => Some(true),
            "off" => Some(false),
            _ => return Err(usage()),
        };
    }
    Ok(flags)
}

/// Does it. `screen` is what is shared at the moment.
pub async fn run(
    call: &Call,
    screen: &mut Option<Call>,
    request: RoomRequest,
) -> signalwire_client::Result<RoomAnswer> {
    match request {
        RoomRequest::Roster => {
            return Ok(RoomAnswer::Roster { members: call.members(), layout: call.layout() })
        }
        RoomRequest::Layouts => return call.layouts().await.map(RoomAnswer::Layouts),
        RoomRequest::Layout(name) => call.set_layout(&name).await?,
        RoomRequest::Mute { who, muted } => {
            call.set_audio_muted(target(call, &who)?, muted).await?;
        }
        RoomRequest::Camera { who, muted } => {
            call.set_video_muted(target(call, &who)?, muted).await?;
        }
        RoomRequest::Deaf { who, deaf } => call.set_deaf(target(call, &who)?, deaf).await?,
        RoomRequest::Hand { who, raised } => {
            call.set_hand_raised(target(call, &who)?, raised).await?;
        }
        RoomRequest::Level { who, level, value } => {
            let who = target(call, &who)?;
            match level {
                Level::InputVolume => call.set_input_volume(who, value).await?,
                Level::OutputVolume => call.set_output_volume(who, value).await?,
                Level::Sensitivity => call.set_input_sensitivity(who, value).await?,
            }
        }
        RoomRequest::Flags { who, flags } => {
            call.set_audio_flags(target(call, &who)?, flags).await?;
        }
        RoomRequest::Position { who, position } => {
            let target = target(call, &who)?;
            call.set_positions(vec![MemberPosition { target, position }]).await?;
        }
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
        RoomRequest::End(who) => call.end_for(target(call, &who)?).await?,
        RoomRequest::Screen(true) => {
            if screen.as_ref().is_some_and(|leg| leg.state() != CallState::Ended) {
                return Err(Error::new(ErrorKind::InvalidState, "a screen is shared already"));
            }
            let leg = call.start_screen_share(ScreenShareOptions::default()).await?;
            screen.insert(leg).answered().await?;
        }
        RoomRequest::Screen(false) => match screen.take() {
            Some(leg) => leg.hangup().await?,
            None => return Err(Error::new(ErrorKind::InvalidState, "no screen is shared")),
        },
        RoomRequest::Transfer(address) => call.transfer(&address).await?,
    }
    Ok(RoomAnswer::Done)
}

/// A member by id, by what the roster calls it, or `all`; without a word the own one.
fn target(call: &Call, who: &str) -> signalwire_client::Result<MemberTarget> {
    match who {
        "" => return Ok(MemberTarget::Own),
        "all" => return Ok(MemberTarget::All),
        _ => {}
    }
    let members = call.members();
    // A screen is called like the one who shares it.
    let is_meant =
        |member: &&Member| member.kind == MemberKind::Member && short_name(member) == who;
    let named: Vec<&Member> = members.iter().filter(is_meant).collect();
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
