"""One module a page, each with a `render` function: layout and wording, no SQL, no charts."""
