//! XEP-0084: User Avatar (version 1.1.4). Both are items of PEP nodes whose names are their namespaces.

use crate::ns;
use crate::payload;

payload! {
    /// Which pictures there are (§4.2). Empty: none any more (§3.5).
    #[derive(Default)]
    pub struct Metadata("metadata", ns::AVATAR_METADATA) {
        /// One per format; the one in the data node is among them.
        infos: Vec<Info> = ReadableChildren,
    }

    /// One picture (§4.2.1).
    pub struct Info("info", ns::AVATAR_METADATA) {
        /// The SHA-1 of the picture in hexadecimal, which is also the id of its item.
        id: String = Attr("id"),
        /// Its size in bytes.
        bytes: u32 = Attr("bytes"),
        /// Its media type.
        type_: String = Attr("type"),
        /// Its width in pixels.
        width: Option<u16> = OptAttr("width"),
        /// Its height in pixels.
        height: Option<u16> = OptAttr("height"),
        /// Where it is, unless it is in the data node.
        url: Option<String> = OptAttr("url"),
    }

    /// The bytes of a picture (§4.1).
    pub struct Data("data", ns::AVATAR_DATA) {
        /// Base64 on the wire.
        bytes: Vec<u8> = Base64,
    }
}
