//! The gateway from outside, with a small client of its own.

mod agent;
mod attach;
mod bridge;
mod calls;
mod common;
mod conference;
mod rest;
mod segments;
mod session;
mod transfer;
mod trouble;
