/* Keeps the parts of a page up to date that say so, over one stream of the server's. Without it a page is as it was when
   it was made. */
(() => {
  "use strict";
})();
