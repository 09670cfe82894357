//! Copies a message's text.

use yew::Callback;

use crate::icons::Icon;
use crate::msg::Msg;
use crate::slots::{Feature, MessageAction, MessageCx};
use crate::ui_state::{Action, NoticeKind};

/// The table.
pub(crate) static FEATURE: Feature = Feature { message_action: Some(action), ..Feature::new("copy") };

fn action(cx: &MessageCx<'_>) -> Option<MessageAction> {
    // Without a secure context there is no clipboard, and then there is no button.
    let window = web_sys::window().filter(web_sys::Window::is_secure_context)?;
    let (body, bridge) = (cx.body.clone(), cx.ui.bridge.clone());
    let run = Callback::from(move |()| {
        drop(window.navigator().clipboard().write_text(&body));
        bridge.act(Action::Notify(NoticeKind::Copied));
    });
    Some(MessageAction { label: Msg::Copy, icon: Icon::Copy, run })
}
