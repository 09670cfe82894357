//! Makes links in messages clickable. The text stays text; only the recognised ranges become anchors.

use yew::prelude::*;

use crate::links;
use crate::slots::{Feature, MessageCx};
use crate::view::html;

/// The table.
pub(crate) static FEATURE: Feature = Feature { message_body: Some(body), ..Feature::new("links") };

fn body(cx: &MessageCx<'_>) -> Option<Html> {
    let found = links::find(cx.body);
    if found.is_empty() {
        return None;
    }
    let mut nodes: Vec<Html> = Vec::with_capacity(2 * found.len() + 1);
    let mut end = 0;
    for link in found {
        let url = AttrValue::from(String::from(&cx.body[link.clone()]));
        nodes.push(Html::from(&cx.body[end..link.start]));
        nodes.push(html! { <a href={&url} target="_blank" rel="noopener noreferrer nofollow">{ url }</a> });
        end = link.end;
    }
    nodes.push(Html::from(&cx.body[end..]));
    Some(nodes.into_iter().collect())
}
