// How many messages wait, in the title: all that can be seen of a tab that is not in front.
const { title } = document;
document.addEventListener("converse-unread", ({ detail: { total } }) => {
  document.title = total > 0 ? `(${total}) ${title}` : title;
});
