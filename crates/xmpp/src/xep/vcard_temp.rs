//! XEP-0054: vcard-temp (version 1.3.0).
//!
//! Typed are the parts a chat shows. The rest stays as elements, so that changing a name does not lose an address.

use crate::ns;
use crate::payload;
use crate::payload::codec::{Any, Codec, OptChild, decode_base64, encode_base64};
use crate::payload::{Payload, PayloadError};
use crate::xml::Element;

payload! {
    /// A business card. A request is empty.
    #[derive(Default)]
    pub struct VCard("vCard", ns::VCARD) {
        /// The full name.
        full_name: Option<String> = OptChildText("FN"),
        /// The nickname.
        nickname: Option<String> = OptChildText("NICKNAME"),
        /// The picture.
        photo: Option<Photo> = OptPhoto,
        /// A web page.
        url: Option<String> = OptChildText("URL"),
        /// The job title.
        title: Option<String> = OptChildText("TITLE"),
        /// What they do in their organisation.
        role: Option<String> = OptChildText("ROLE"),
        /// About them.
        desc: Option<String> = OptChildText("DESC"),
        /// Everything else, such as names in parts, e-mail and telephone.
        other: Vec<Element> = Others,
    }

    /// A picture: inline or elsewhere.
    #[derive(Default)]
    pub struct Photo("PHOTO", ns::VCARD) {
        /// The media type of the inline picture. A claim, not a fact.
        type_: Option<String> = OptChildText("TYPE"),
        /// The inline picture.
        binval: Option<Vec<u8>> = OptBinval,
        /// Where the picture is.
        extval: Option<String> = OptChildText("EXTVAL"),
    }
}

const TYPED: [&str; 7] = ["FN", "NICKNAME", "PHOTO", "URL", "TITLE", "ROLE", "DESC"];

/// A picture that cannot be read is no picture, and no reason to lose the card.
struct OptPhoto;

impl Codec<Option<Photo>> for OptPhoto {
    fn read(&self, element: &Element) -> Result<Option<Photo>, PayloadError> {
        Ok(Photo::find_in(element).and_then(Result::ok))
    }

    fn write(&self, value: &Option<Photo>, element: &mut Element) {
        OptChild.write(value, element);
    }
}

struct OptBinval;

impl Codec<Option<Vec<u8>>> for OptBinval {
    fn read(&self, element: &Element) -> Result<Option<Vec<u8>>, PayloadError> {
        let child = element.child("BINVAL", ns::VCARD);
        child.map(|e| decode_base64(&e.text()).ok_or(PayloadError::BadChild("BINVAL"))).transpose()
    }

    fn write(&self, value: &Option<Vec<u8>>, element: &mut Element) {
        if let Some(bytes) = value {
            element.push(Element::new("BINVAL", ns::VCARD).with_text(encode_base64(bytes)));
        }
    }
}

/// The first of each typed kind is typed; repeated ones stay here.
struct Others;

impl Codec<Vec<Element>> for Others {
    fn read(&self, element: &Element) -> Result<Vec<Element>, PayloadError> {
        let mut seen = [false; TYPED.len()];
        let is_other = |child: &&Element| match TYPED.iter().position(|name| child.is(name, ns::VCARD)) {
            Some(at) => std::mem::replace(&mut seen[at], true),
            None => true,
        };
        Ok(element.children().filter(is_other).cloned().collect())
    }

    fn write(&self, value: &Vec<Element>, element: &mut Element) {
        Any.write(value, element);
    }
}
