//! `html!` with Yew's syntax and a tenth of its code: markup becomes a text, and only what changes becomes code.
//!
//! Yew's own macro builds every element inline, half a kilobyte of code each. This one writes the markup down as a template, a short
//! text like `<p|class=muted>{/`, and passes the values of its holes, in the order in which they are written, to `crate::view::View`
//! of the crate that uses it. What a template means at run time and how values are converted is said there.
//!
//! The syntax is the part of Yew's that `chat-ui` uses: elements, fragments, values in braces, `for` in braces, `if`, `if let` and
//! `else`, shorthand attributes, `ref`, `key` and listeners. Components are placed by functions, not by tags.
//!
//! It knows nothing of elements, attributes or events but their names. Start reading at [`parse`], then [`write`].

mod parse;
mod write;

use proc_macro2::TokenStream;

/// Draws markup: an expression of the type `yew::Html`.
#[proc_macro]
pub fn html(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    expand(input.into()).into()
}

fn expand(input: TokenStream) -> TokenStream {
    match syn::parse2::<parse::Root>(input).and_then(|root| write::write(&root)) {
        Ok(tokens) => tokens,
        Err(error) => error.to_compile_error(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(markup: &str) -> String {
        expand(markup.parse().unwrap()).to_string().replace(' ', "")
    }

    fn error(markup: &str) -> String {
        let tokens = expanded(markup);
        assert!(tokens.contains("compile_error!"), "{tokens}");
        tokens
    }

    #[test]
    fn markup_becomes_a_text_and_values_become_calls() {
        let tokens = expanded(r#"<p class="muted" {title} hidden={!shown}>{ name }<br /></p>"#);
        assert!(tokens.contains(r#""<p|class=muted|title|hidden>{<br>"#), "{tokens}");
        let order = ["(title,", "(!shown,", "(name,"].map(|call| tokens.find(call));
        assert!(order.iter().all(Option::is_some) && order.is_sorted(), "{tokens}");
    }

    #[test]
    fn what_is_known_is_in_the_text() {
        let tokens = expanded(r#"<form novalidate=true open=false class="" data-x="a b">{ " · " }<i></i></form>"#);
        assert!(tokens.contains(r#""<form|novalidate=novalidate|data-x=ab>'·'<i>"#), "{tokens}");
    }

    #[test]
    fn choices_fragments_and_loops() {
        let tokens = expanded(r#"<>if a { <b></b> } else if let Some(c) = d { { c } }{ for list }</>"#);
        assert!(tokens.contains(r#""(?<b>//?{///*"#), "{tokens}");
        assert!(tokens.contains("ifa{") && tokens.contains("ifletSome(c)=d{"), "{tokens}");
    }

    #[test]
    fn listeners_have_the_types_of_their_events() {
        assert!(expanded("<a onclick={go}></a>").contains("::yew::html::onclick::Event"));
    }

    #[test]
    fn mistakes_are_told() {
        assert!(error("<a></b>").contains("closes"));
        assert!(error("<Message />").contains("child"));
        assert!(error("<p>").contains("neverclosed"));
        assert!(error(r#"<p title="a|b"></p>"#).contains("maynotcontain"));
        assert!(error("<p></p><p></p>").contains("fragment"));
        assert!(error("<p style={x} title=1></p>").contains("text"));
    }
}
