//! XEP-0115: Entity Capabilities (version 1.6.0).
//!
//! Hashing is outside: this makes the string that is hashed, and base64 of the hash is `ver`.

use super::data_forms::{DataForm, FieldType};
use super::disco::DiscoInfo;
use crate::collections::{sort, sort_by};
use crate::ns;
use crate::payload;

payload! {
    /// In presence: what this client can do, in short (§4).
    pub struct Caps("c", ns::CAPS) {
        /// The hash function, such as `sha-1`. None is the format from before 2007.
        hash: Option<String> = OptAttr("hash"),
        /// The software, as a URI.
        node: String = Attr("node"),
        /// The hash of the verification string in base64.
        ver: String = Attr("ver"),
        /// Extensions of the format from before 2007.
        ext: Option<String> = OptAttr("ext"),
    }
}

impl Caps {
    /// The node to send a disco#info request to (§6.2).
    pub fn info_node(&self) -> String {
        [self.node.as_str(), "#", self.ver.as_str()].concat()
    }
}

/// The string whose hash is `ver` (§5.1). `None` if the answer is ill-formed (§5.4): then no hash is to be believed.
/// That also goes for answers with `<` in a value, which could pretend to be another answer (§9.2).
pub fn verification_string(info: &DiscoInfo) -> Option<String> {
    let mut out = String::new();
    let identities = info.identities.iter().map(|identity| {
        let lang = identity.lang.as_deref().unwrap_or_default();
        [identity.category.as_str(), &identity.type_, lang, identity.name.as_deref().unwrap_or_default()]
    });
    let mut identities: Vec<[&str; 4]> = identities.collect();
    sort(&mut identities);
    // §5.4, step 3.3: the same category, type, language and name twice.
    if has_repeats(&identities) {
        return None;
    }
    for identity in identities {
        push(&mut out, &identity.join("/"))?;
    }
    let mut features: Vec<&str> = info.features.iter().map(String::as_str).collect();
    sort(&mut features);
    if has_repeats(&features) {
        return None;
    }
    for feature in features {
        push(&mut out, feature)?;
    }
    let mut forms: Vec<(&str, &DataForm)> =
        info.forms.iter().filter_map(|f| hidden_form_type(f).zip(Some(f))).collect();
    sort_by(&mut forms, |(a, _), (b, _)| a.cmp(b));
    let mut previous = None;
    for (form_type, form) in forms {
        // §5.4, step 3.5: two forms of a kind, or a kind with several values.
        let values = form.field("FORM_TYPE").map_or(0, |field| field.values.len());
        if previous == Some(form_type) || values != 1 {
            return None;
        }
        previous = Some(form_type);
        push(&mut out, form_type)?;
        push_fields(&mut out, form)?;
    }
    Some(out)
}

fn push_fields(out: &mut String, form: &DataForm) -> Option<()> {
    let named = form.fields.iter().filter_map(|field| field.var.as_deref().zip(Some(field)));
    let mut fields: Vec<_> = named.filter(|(var, _)| *var != "FORM_TYPE").collect();
    sort_by(&mut fields, |(a, _), (b, _)| a.cmp(b));
    for (var, field) in fields {
        push(out, var)?;
        let mut values: Vec<&str> = field.values.iter().map(String::as_str).collect();
        sort(&mut values);
        for value in values {
            push(out, value)?;
        }
    }
    Some(())
}

fn push(out: &mut String, text: &str) -> Option<()> {
    if text.contains('<') {
        return None;
    }
    out.push_str(text);
    out.push('<');
    Some(())
}

/// §5.4, step 3.6: a form whose `FORM_TYPE` is missing or not hidden does not count.
fn hidden_form_type(form: &DataForm) -> Option<&str> {
    let field = form.field("FORM_TYPE")?;
    if field.type_ == Some(FieldType::Hidden) { field.value() } else { None }
}

fn has_repeats<T: PartialEq>(sorted: &[T]) -> bool {
    sorted.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xep::data_forms::{Field, FormType};
    use crate::xep::disco::Identity;

    fn simple() -> DiscoInfo {
        let features = ["disco#items", "disco#info", "muc", "caps"];
        DiscoInfo {
            identities: vec![Identity::new("client", "pc", Some("Exodus 0.9.1"))],
            features: features.map(|f| ["http://jabber.org/protocol/", f].concat()).into(),
            ..DiscoInfo::default()
        }
    }

    #[test]
    fn the_simple_example_of_section_5_2() {
        let expected = "client/pc//Exodus 0.9.1<http://jabber.org/protocol/caps<http://jabber.org/protocol/disco#info<\
                        http://jabber.org/protocol/disco#items<http://jabber.org/protocol/muc<";
        assert_eq!(verification_string(&simple()).as_deref(), Some(expected));
    }

    #[test]
    fn the_form_of_the_example_of_section_5_3() {
        let mut form = DataForm::of_kind(FormType::Result, "urn:xmpp:dataforms:softwareinfo").with("os", "Mac");
        form.fields.push(Field::new("ip_version", ["ipv6".into(), "ipv4".into()]));
        let info = DiscoInfo { forms: vec![form], ..DiscoInfo::default() };
        let expected = "urn:xmpp:dataforms:softwareinfo<ip_version<ipv4<ipv6<os<Mac<";
        assert_eq!(verification_string(&info).as_deref(), Some(expected));
    }

    #[test]
    fn ill_formed_answers_are_not_hashed() {
        let twice = DiscoInfo { features: vec!["a".into(), "a".into()], ..simple() };
        assert_eq!(verification_string(&twice), None);
        let identity = Identity::new("client", "pc", None);
        let twice = DiscoInfo { identities: vec![identity.clone(), identity], ..simple() };
        assert_eq!(verification_string(&twice), None);
        let form = DataForm::of_kind(FormType::Result, "x");
        let twice = DiscoInfo { forms: vec![form.clone(), form], ..simple() };
        assert_eq!(verification_string(&twice), None);
        let disguised = DiscoInfo { features: vec!["a<b".into()], ..simple() };
        assert_eq!(verification_string(&disguised), None);
    }

    #[test]
    fn a_form_without_a_hidden_kind_does_not_count() {
        let form = DataForm::new(FormType::Result).with("FORM_TYPE", "x").with("a", "b");
        let info = DiscoInfo { forms: vec![form], ..simple() };
        assert_eq!(verification_string(&info), verification_string(&simple()));
    }
}
