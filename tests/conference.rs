//! Three subscribers in one room: they hear each other, act on each other, and see the same.

mod common;

use common::*;
use serde_json::json;
use signalwire_client::{
    AudioSource, Call, CallEvent, CallEventStream, Client, ClientEvent, DialOptions, Member,
    MemberTarget,
};
use signalwire_gateway::{Dialect, Gateway};
