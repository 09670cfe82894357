//! Which conversations there are and which of them a view shows.

use crate::api::{Command, Composing};
use crate::cx::Cx;
use crate::feature::{Feature, Flow};

/// The feature.
pub struct Chats;

impl Chats {
    /// For the registry.
    pub fn make() -> Box<dyn Feature> {
        Box::new(Self)
    }
}

impl Feature for Chats {
    fn id(&self) -> &'static str {
        "chats"
    }

    fn essential(&self) -> bool {
        true
    }

    fn on_command(&mut self, cx: &mut Cx<'_>, command: &Command) -> Flow {
        match command {
            Command::OpenChat(id) => {
                let conversation = cx.state_mut().conversation_mut(id);
                conversation.listed = true;
                conversation.timeline.show();
            }
            Command::CloseChat(id) => cx.state_mut().conversation_mut(id).timeline.hide(),
            Command::DismissChat(id) => {
                let conversation = cx.state_mut().conversation_mut(id);
                conversation.listed = false;
                conversation.composing = Composing::No;
                conversation.timeline.hide();
            }
            _ => {}
        }
        Flow::Continue
    }
}
