//! [`Element`] to text.
//!
//! Elements are written with default namespaces, except those of the stream namespace, which many peers know only as
//! `stream:features` and `stream:error` (RFC 6120 §4.8.5), and the namespace that only the prefix `xml` may have. Nothing
//! an `Element` can hold makes the output ill-formed: characters that XML does not allow become U+FFFD, in names `_`.

use super::chars::{is_name_char, is_name_start, is_ncname, is_xml_char};
use super::element::{Element, Node};
use crate::ns;

pub(super) fn write(element: &Element, out: &mut String, parent_ns: &str) {
    write_element(element, out, parent_ns, false);
}

/// Depth is bounded by the reader and, for elements built in code, by the code.
fn write_element(element: &Element, out: &mut String, parent_ns: &str, mut stream_declared: bool) {
    let (prefix, default_ns) = match element.ns() {
        ns::STREAM => ("stream:", parent_ns),
        ns::XML => ("xml:", parent_ns),
        // The namespace of declarations holds no elements.
        ns::XMLNS => ("", ""),
        own => ("", own),
    };
    let start = out.len() + 1;
    out.push('<');
    out.push_str(prefix);
    push_name(element.name(), out);
    let end = out.len();
    if element.ns() == ns::STREAM && !stream_declared {
        push_attribute("xmlns:stream", ns::STREAM, out);
        stream_declared = true;
    }
    if default_ns != parent_ns {
        push_attribute("xmlns", default_ns, out);
    }
    write_attributes(element, out);
    if element.nodes().is_empty() {
        out.push_str("/>");
        return;
    }
    out.push('>');
    for node in element.nodes() {
        match node {
            Node::Element(child) => write_element(child, out, default_ns, stream_declared),
            Node::Text(text) => push_escaped(text, None, out),
        }
    }
    out.push_str("</");
    out.extend_from_within(start..end);
    out.push('>');
}

fn write_attributes(element: &Element, out: &mut String) {
    let attrs = element.raw_attrs();
    for (at, attr) in attrs.iter().enumerate() {
        let Some(namespace) = &attr.ns else {
            out.push(' ');
            push_name(attr.name.as_str(), out);
            push_value(&attr.value, out);
            continue;
        };
        // The prefix is that of the first attribute of this namespace, which also declares it.
        let first = attrs.iter().position(|other| other.ns.as_ref() == Some(namespace)).unwrap_or(at);
        let numbered;
        let prefix = match namespace.as_str() {
            ns::XML => "xml",
            // Declarations are the writer's own business.
            ns::XMLNS => continue,
            ns::XBOSH => "xmpp",
            _ => {
                numbered = format_prefix(first);
                &numbered
            }
        };
        if first == at && namespace.as_str() != ns::XML {
            out.push_str(" xmlns:");
            out.push_str(prefix);
            push_value(namespace.as_str(), out);
        }
        out.push(' ');
        out.push_str(prefix);
        out.push(':');
        push_name(attr.name.as_str(), out);
        push_value(&attr.value, out);
    }
}

fn format_prefix(number: usize) -> String {
    let mut prefix = String::from("n");
    prefix.push_str(&number.to_string());
    prefix
}

fn push_attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    push_value(value, out);
}

fn push_value(value: &str, out: &mut String) {
    // The quote that needs no escaping, so that text grows little on its way.
    let quote = if value.contains('\'') && !value.contains('"') { '"' } else { '\'' };
    out.push('=');
    out.push(quote);
    push_escaped(value, Some(quote), out);
    out.push(quote);
}

fn push_name(name: &str, out: &mut String) {
    if is_ncname(name) {
        out.push_str(name);
        return;
    }
    // Only code can make such a name; what it means is lost, but nobody can inject markup through it.
    if !name.starts_with(is_name_start) {
        out.push('_');
    }
    out.extend(name.chars().map(|c| if is_name_char(c) { c } else { '_' }));
}

/// Escapes an attribute's value for this quote, or an element's text.
fn push_escaped(text: &str, quote: Option<char>, out: &mut String) {
    let mut copied = 0;
    for (at, c) in text.char_indices() {
        let escaped = match c {
            '&' => "&amp;",
            '<' => "&lt;",
            '>' => "&gt;",
            '\'' if quote == Some(c) => "&apos;",
            // Readers turn these into a space or a line feed, so they must not stand literally.
            '\r' => "&#13;",
            '\n' if quote.is_some() => "&#10;",
            '\t' if quote.is_some() => "&#9;",
            c if is_xml_char(c) => continue,
            _ => "\u{FFFD}",
        };
        out.push_str(&text[copied..at]);
        out.push_str(escaped);
        copied = at + c.len_utf8();
    }
    out.push_str(&text[copied..]);
}
