//! Short messages at the edge of the panel, gone by themselves.

use yew::prelude::*;

use super::bits::icon_button;
use crate::bridge::Topic;
use crate::child::keyed;
use crate::hooks::{Timer, use_selector, use_ui};
use crate::icons::{Icon, icon};
use crate::kept::use_effect_with;
use crate::msg::Msg;
use crate::ui_state::{Action, Notice, NoticeKind};
use crate::view::html;

const SHOWN_MS: i32 = 8_000;

/// All notices.
#[component]
pub fn Notices() -> Html {
    let notices = use_selector(Topic::Ui, |replica| replica.ui.notices.clone());
    html! {
        <div class="notices" role="status">{ for notices.iter().map(|notice| keyed::<Line>(notice.id.to_string(), LineProps { notice: notice.clone() })) }</div>
    }
}

#[derive(Properties, PartialEq)]
struct LineProps {
    notice: Notice,
}

#[component]
fn Line(props: &LineProps) -> Html {
    let ui = use_ui();
    let id = props.notice.id;
    {
        let bridge = ui.bridge.clone();
        use_effect_with(id, move |id| {
            let id = *id;
            let timer = Timer::after(SHOWN_MS, move || bridge.act(Action::Dismiss(id)));
            move || drop(timer)
        });
    }
    let (msg, detail) = match &props.notice.kind {
        NoticeKind::Failed { command: "add-contact", text } => (Msg::AddContactFailed, text.clone()),
        NoticeKind::Failed { text, .. } => (Msg::ActionFailed, text.clone()),
        NoticeKind::StorageDegraded => (Msg::StorageDegraded, None),
        NoticeKind::Copied => (Msg::Copied, None),
    };
    html! {
        <div class="notice" part="notice">
            { icon(if msg == Msg::Copied { Icon::Tick } else { Icon::Warning }) }
            <div class="grow">{ ui.t(msg) }{ for detail.map(|detail| html! { <small dir="auto">{ detail }</small> }) }</div>
            { icon_button(Icon::Close, ui.t(Msg::DismissNotice), "", ui.act(Action::Dismiss(id))) }
        </div>
    }
}
