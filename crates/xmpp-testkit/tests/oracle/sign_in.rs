//! SASL2, Bind 2 and tokens.

use proptest::prelude::*;
use xmpp::Payload;
use xmpp::xep::fast::TokenText;
use xmpp::xep::sasl::SaslData;
use xmpp::xep::{bind2, fast, sasl2};
use xmpp::xml::Element;
use xmpp_parsers::bind2 as of_bind2;
use xmpp_parsers::fast as of_fast;
use xmpp_parsers::sasl2 as of_sasl2;

use crate::pair::{Agree, element, pair, same};
use crate::values::*;

pub(crate) fn pairs() -> Vec<Box<dyn Agree>> {
    [sasl2_pairs(), bind2_pairs(), fast_pairs()].into_iter().flatten().collect()
}

const UUID: &str = "d4565fa7-4d72-4749-b3d3-740edbf87770";

fn sasl2_pairs() -> Vec<Box<dyn Agree>> {
    vec![
        same("sasl2", |theirs: &of_sasl2::Challenge| sasl2::Challenge { data: SaslData(theirs.sasl_data.clone()) })
            .values(bytes().prop_map(|data| sasl2::Challenge { data: SaslData(data) }))
            .done(),
        same("sasl2", |theirs: &of_sasl2::Response| sasl2::Response { data: SaslData(theirs.sasl_data.clone()) })
            .values(bytes().prop_map(|data| sasl2::Response { data: SaslData(data) }))
            .done(),
        pair(
            "sasl2",
            |ours: &sasl2::Authenticate| {
                let agent = ours.user_agent.as_ref().and_then(|agent| agent.id.clone());
                (ours.mechanism.clone(), said(ours.initial_response.as_ref()), agent, ours.requests.clone())
            },
            |theirs: &of_sasl2::Authenticate| {
                let initial = theirs.initial_response.clone().unwrap_or_default();
                (theirs.mechanism.clone(), initial, Some(theirs.user_agent.id.to_string()), elements(&theirs.payloads))
            },
        )
        // They insist on a user agent with an id, and read its texts from elements of other names.
        .when(|element| {
            let agent = element.child("user-agent", xmpp::ns::SASL2);
            agent.is_some_and(|agent| agent.attr("id").is_some() && agent.children().next().is_none())
        })
        .values((token(), prop::option::of(bytes()), prop::option::of(extension())).prop_map(
            |(mechanism, initial, request)| sasl2::Authenticate {
                mechanism,
                initial_response: initial.map(SaslData),
                user_agent: Some(sasl2::UserAgent { id: Some(UUID.into()), ..sasl2::UserAgent::default() }),
                requests: request.into_iter().collect(),
            },
        ))
        .done(),
        pair(
            "sasl2",
            |ours: &sasl2::Success| {
                let data = said(ours.additional_data.as_ref());
                (data, ours.authorization_identifier.clone(), ours.results.clone())
            },
            |theirs: &of_sasl2::Success| {
                let data = theirs.additional_data.clone().unwrap_or_default();
                (data, ours(&theirs.authorization_identifier), elements(&theirs.payloads))
            },
        )
        .values((prop::option::of(bytes()), jid(), prop::option::of(extension())).prop_map(|(data, jid, result)| {
            sasl2::Success {
                additional_data: data.map(SaslData),
                authorization_identifier: jid,
                results: result.into_iter().collect(),
            }
        }))
        .done(),
        same("sasl2", |theirs: &of_sasl2::Next| sasl2::Next {
            task: theirs.task.clone(),
            data: elements(&theirs.payloads),
        })
        .values(
            (token(), prop::option::of(extension()))
                .prop_map(|(task, data)| sasl2::Next { task, data: data.into_iter().collect() }),
        )
        .done(),
        same("sasl2", |theirs: &of_sasl2::TaskData| sasl2::TaskData { data: elements(&theirs.payloads) })
            .values(prop::option::of(extension()).prop_map(|data| sasl2::TaskData { data: data.into_iter().collect() }))
            .done(),
    ]
}

fn bind2_pairs() -> Vec<Box<dyn Agree>> {
    vec![
        same("bind2", |theirs: &of_bind2::BindQuery| bind2::Bind {
            inline: None,
            tag: theirs.tag.clone(),
            requests: elements(&theirs.payloads),
        })
        .when(|bind| bind.child("inline", xmpp::ns::BIND2).is_none())
        .values((prop::option::of(text()), prop::option::of(extension())).prop_map(|(tag, request)| bind2::Bind {
            inline: None,
            tag,
            requests: request.into_iter().collect(),
        }))
        .done(),
        same("bind2", |theirs: &of_bind2::BindFeature| bind2::Bind {
            inline: (!theirs.inline_features.is_empty())
                .then(|| bind2::Inline { features: theirs.inline_features.clone() }),
            ..bind2::Bind::default()
        })
        .when(|bind| bind.children().all(|child| child.name() == "inline" && child.children().next().is_some()))
        .values(
            prop::collection::vec(token(), 1..4).prop_map(|features| bind2::Bind {
                inline: Some(bind2::Inline { features }),
                ..bind2::Bind::default()
            }),
        )
        .done(),
        same("bind2", |theirs: &of_bind2::Bound| bind2::Bound { results: elements(&theirs.payloads) })
            // Of the archive's metadata they have a type; ours keeps the element.
            .when(|bound| bound.child("metadata", xmpp::ns::MAM).is_none())
            .values(
                prop::option::of(extension()).prop_map(|result| bind2::Bound { results: result.into_iter().collect() }),
            )
            .done(),
    ]
}

fn fast_pairs() -> Vec<Box<dyn Agree>> {
    vec![
        same("fast", |theirs: &of_fast::FastQuery| fast::Fast {
            mechanisms: theirs.mechanisms.iter().map(|mechanism| mechanism.0.clone()).collect(),
            tls_0rtt: theirs.tls_0rtt,
            ..fast::Fast::default()
        })
        .when(|fast| fast.children().next().is_some())
        .values((prop::collection::vec(token(), 1..3), any::<bool>()).prop_map(|(mechanisms, tls_0rtt)| fast::Fast {
            mechanisms,
            tls_0rtt,
            ..fast::Fast::default()
        }))
        .done(),
        same("fast", |theirs: &of_fast::FastResponse| fast::Fast {
            count: Some(theirs.count),
            invalidate: theirs.invalidate,
            ..fast::Fast::default()
        })
        // They insist on a count, which only early data needs (§3.4).
        .when(|fast| fast.attr("count").is_some())
        .values((any::<u32>(), any::<bool>()).prop_map(|(count, invalidate)| fast::Fast {
            count: Some(count),
            invalidate,
            ..fast::Fast::default()
        }))
        .done(),
        same("fast", |theirs: &of_fast::RequestToken| fast::RequestToken { mechanism: theirs.mechanism.clone() })
            .values(token().prop_map(|mechanism| fast::RequestToken { mechanism }))
            .done(),
        same("fast", |theirs: &of_fast::Token| fast::Token {
            token: TokenText(theirs.token.clone()),
            expiry: time(&theirs.expiry),
        })
        .values((some_text(), timestamp()).prop_map(|(token, expiry)| fast::Token { token: TokenText(token), expiry }))
        .done(),
    ]
}

/// They write no data and empty data alike, which XEP-0388 §2.2 tells apart.
fn said(data: Option<&SaslData>) -> Vec<u8> {
    data.map(|data| data.0.clone()).unwrap_or_default()
}

fn elements(theirs: &[xmpp_parsers::minidom::Element]) -> Vec<Element> {
    theirs.iter().cloned().map(element).collect()
}

/// They take any element for the condition of a failure: what we write must be one that they would look at.
#[test]
fn differences() {
    let failure = sasl2::Failure::new(xmpp::xep::sasl::SaslCondition::NotAuthorized).write().to_xml();
    let dom: xmpp_parsers::minidom::Element = failure.parse().unwrap();
    let theirs = of_sasl2::Failure::try_from(dom).unwrap();
    assert_eq!(theirs.payloads.len(), 1);
    assert_eq!(theirs.payloads[0].name(), "not-authorized");
}
