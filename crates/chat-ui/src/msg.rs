//! Every text of the view. English is compiled in; a locale's file has the same keys, the kebab-case form of the names here.
//!
//! `{name}` and `{count}` are filled in; texts that depend on a number list their plural forms: `one=…|other=…`.

macro_rules! messages {
    ($($name:ident = $english:literal,)*) => {
        /// The name of a text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the English text beside each name says what it is")]
        pub enum Msg { $($name,)* }

        impl Msg {
            /// All of them, by discriminant.
            pub const ALL: &'static [Msg] = &[$(Msg::$name,)*];
            const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];
            const ENGLISH: &'static [&'static str] = &[$($english,)*];
        }
    };
}

messages! {
    // Names and general words.
    Title = "Chat",
    Close = "Close",
    Back = "Back",
    Cancel = "Cancel",
    Save = "Save",
    Remove = "Remove",
    Retry = "Try again",
    Discard = "Discard",
    Copy = "Copy text",
    Copied = "Copied",
    You = "You",
    Loading = "Loading…",
    OpenChat = "Open chat",
    CloseChat = "Close chat",
    Unread = "one={count} unread message|other={count} unread messages",
    // Sign-in.
    SignInTitle = "Welcome back",
    SignInLead = "Sign in with your chat address to continue.",
    Address = "Address",
    AddressHint = "you@example.com",
    Password = "Password",
    ShowPassword = "Show password",
    HidePassword = "Hide password",
    SignIn = "Sign in",
    SigningIn = "Signing in…",
    BadAddress = "Enter an address like you@example.com.",
    PasswordMissing = "Enter your password.",
    // Why it did not work.
    NotAuthorized = "That address and password don’t match. Check both and try again.",
    AccountDisabled = "This account has been disabled.",
    NoMechanism = "The server offers no safe way to sign in.",
    Insecure = "The server could not prove that it is the right one, so signing in was stopped.",
    Unreachable = "The chat server can’t be reached. Check your connection and try again.",
    HostUnknown = "This server doesn’t know the domain of that address.",
    SiteFailed = "This site could not sign you in to chat.",
    Conflict = "You were signed out because this session was opened somewhere else.",
    StreamEnded = "The server ended the session.",
    TooManyAttempts = "Too many attempts. Wait a moment, then try again.",
    SignedOutTitle = "You’re signed out",
    SignedOutLead = "Sign in to see your conversations.",
    // Connection.
    Connecting = "Connecting…",
    Reconnecting = "Connection lost. Reconnecting…",
    ReconnectingIn = "one=Connection lost. Next try in {count} second.|other=Connection lost. Next try in {count} seconds.",
    NoNetwork = "You’re offline. Messages are sent when you’re back.",
    TryNow = "Try now",
    // Lists.
    Chats = "Chats",
    Contacts = "Contacts",
    Search = "Search",
    ClearSearch = "Clear search",
    NewChat = "New chat",
    NoChats = "No conversations yet",
    NoChatsLead = "Pick somebody from your contacts and say hello.",
    ShowContacts = "Show contacts",
    NoContacts = "No contacts yet",
    NoContactsLead = "Add people by their address to see when they’re around.",
    NothingFound = "Nothing found",
    NothingFoundLead = "No one here matches “{name}”.",
    Draft = "Draft:",
    OwnPreview = "You:",
    OtherContacts = "Other contacts",
    Requests = "Requests",
    WantsToConnect = "wants to connect with you",
    Accept = "Accept",
    Refuse = "Decline",
    WaitingForApproval = "Waiting for approval",
    // Presence.
    FreeForChat = "Free to chat",
    Online = "Online",
    Away = "Away",
    ExtendedAway = "Away for a while",
    DoNotDisturb = "Do not disturb",
    Offline = "Offline",
    Typing = "typing…",
    TypingName = "{name} is typing…",
    // Conversation.
    Messages = "Messages with {name}",
    NothingSelected = "Your conversations",
    NothingSelectedLead = "Choose one from the list, or start a new one.",
    NoMessages = "No messages yet",
    NoMessagesLead = "Say hello to {name}.",
    BeginningOf = "This is the beginning of your conversation.",
    LoadOlder = "Load older messages",
    LoadOlderFailed = "Older messages could not be loaded.",
    GapHere = "Some messages are missing here",
    LoadGap = "Load them",
    GapFailed = "The missing messages could not be loaded.",
    NewMessages = "New messages",
    JumpToLatest = "Jump to the latest message",
    NewBelow = "one={count} new message|other={count} new messages",
    Pending = "Waiting to be sent",
    Sent = "Sent",
    Delivered = "Delivered",
    Read = "Read",
    Failed = "Not sent",
    FailedWhy = "Not sent: {name}",
    FailedAddress = "Not sent: nobody can be reached at this address.",
    FailedServer = "Not sent: their server doesn’t answer.",
    FailedRefused = "Not sent: they don’t take messages from you.",
    Says = "{name} says:",
    // Composer.
    WriteTo = "Message {name}",
    Write = "Write a message…",
    Send = "Send",
    // People.
    Profile = "Details",
    ShowProfile = "Show details of {name}",
    AddContact = "Add a contact",
    AddContactLead = "They’ll get a request and can decide whether to accept it.",
    NameOptional = "Name (optional)",
    Add = "Add contact",
    Name = "Name",
    Groups = "Groups",
    GroupsHint = "Friends, Work",
    SendMessage = "Send a message",
    RemoveContact = "Remove from contacts",
    RemoveContactTitle = "Remove {name}?",
    RemoveContactLead = "You’ll no longer see when they’re around, and they won’t see you. Your messages stay.",
    DismissChat = "Close conversation",
    // Own menu.
    OwnMenu = "Your account",
    Status = "Status",
    StatusMessage = "Status message",
    StatusHint = "What are you up to?",
    Appearance = "Appearance",
    ThemeAuto = "System",
    ThemeLight = "Light",
    ThemeDark = "Dark",
    OwnName = "Your name",
    OwnNameHint = "How others see you",
    SignOut = "Sign out",
    SignOutTitle = "Sign out of chat?",
    SignOutLead = "You can sign in again at any time.",
    ForgetDevice = "Also remove my messages from this device",
    // Notices.
    ActionFailed = "That didn’t work. Please try again.",
    AddContactFailed = "The contact could not be added.",
    StorageDegraded = "This device is out of space. Messages are kept until you close the page.",
    DismissNotice = "Dismiss",
}

impl Msg {
    /// The compiled-in text.
    #[must_use]
    pub fn english(self) -> &'static str {
        Self::ENGLISH[self as usize]
    }

    /// The key in a locale's file.
    #[must_use]
    pub fn key(self) -> String {
        let mut key = String::new();
        for c in Self::NAMES[self as usize].chars() {
            if c.is_ascii_uppercase() && !key.is_empty() {
                key.push('-');
            }
            key.push(c.to_ascii_lowercase());
        }
        key
    }

    /// The text with this key.
    #[must_use]
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|msg| msg.key() == key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const GERMAN: &str = include_str!("../../../web-component/locales/de.json");

    /// Enough JSON for a flat object of strings without escapes other than `\"` and `\\`.
    fn flat(json: &str) -> BTreeMap<String, String> {
        let mut strings = Vec::new();
        let mut chars = json.chars();
        while let Some(c) = chars.next() {
            if c == '"' {
                let mut text = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => text.extend(chars.next()),
                        c => text.push(c),
                    }
                }
                strings.push(text);
            }
        }
        assert_eq!(strings.len() % 2, 0);
        strings.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn keys_are_kebab_case_and_found_again() {
        assert_eq!(Msg::SignInTitle.key(), "sign-in-title");
        for msg in Msg::ALL {
            assert_eq!(Msg::from_key(&msg.key()), Some(*msg));
        }
        assert_eq!(Msg::from_key("no-such-key"), None);
    }

    #[test]
    fn german_has_every_key_and_no_other() {
        let german: BTreeSet<String> = flat(GERMAN).into_keys().collect();
        let all: BTreeSet<String> = Msg::ALL.iter().map(|msg| msg.key()).collect();
        assert_eq!(all.difference(&german).collect::<Vec<_>>(), Vec::<&String>::new(), "missing in German");
        assert_eq!(german.difference(&all).collect::<Vec<_>>(), Vec::<&String>::new(), "unknown in German");
    }

    #[test]
    fn placeholders_and_plural_forms_agree() {
        let german = flat(GERMAN);
        for msg in Msg::ALL {
            let (english, german) = (msg.english(), &german[&msg.key()]);
            assert_eq!(placeholders(english), placeholders(german), "{}", msg.key());
            assert_eq!(english.contains("|other="), german.contains("|other="), "{}", msg.key());
            assert!(!german.trim().is_empty(), "{}", msg.key());
        }
    }
}
