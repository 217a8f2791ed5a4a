"""One module a page; each has a `render` function. Layout and wording only: no SQL, no chart code."""
