//! What an invite says besides where it goes.

mod common;

use common::*;
use signalwire_client::{DialOptions, ErrorKind};
use signalwire_gateway::Dialect;

#[test]
fn an_invite_names_the_own_address_and_the_node_that_were_chosen() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        let own = client.subscriber_info().await.unwrap().addresses.remove(0);
        let options = DialOptions {
            from_fabric_address_id: Some(own.id.clone()),
            node_id: Some("n-9@eu-central".to_owned()),
            ..DialOptions::default()
        };
        let call = client.dial("/public/echo", options).unwrap();
        call.answered().await.unwrap();
        call.send_digits("1").await.unwrap();
        call.hangup().await.unwrap();
        let call = client.dial("/public/echo", DialOptions::default()).unwrap();
        call.answered().await.unwrap();
        call.hangup().await.unwrap();
        let invites = gateway.state()["invites"].clone();
        assert_eq!(invites[0]["node_id"], "n-9@eu-central");
        assert_eq!(invites[0]["dialogParams"]["from_fabric_address_id"], *own.id);
        assert_eq!(invites[1]["node_id"], "");
        assert!(invites[1]["dialogParams"].get("from_fabric_address_id").is_none());
        // The service chose another node, to which everything went that came later.
        assert_clean(&gateway);
    });
}

#[test]
fn ids_that_cannot_be_are_refused() {
    run(async {
        let gateway = gateway(Dialect::FreeSwitch);
        let client = connected(&gateway).await;
        for id in [String::new(), "x".repeat(257), "a\nb".to_owned()] {
            for options in [
                DialOptions { node_id: Some(id.clone()), ..DialOptions::default() },
                DialOptions { from_fabric_address_id: Some(id.clone()), ..DialOptions::default() },
            ] {
                let error = client.dial("/public/echo", options).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            }
        }
        assert!(client.calls().is_empty());
    });
}
