// Shows the description. Calls are not tried from here: signing one would need the App Secret in the page.
window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  filter: true,
  supportedSubmitMethods: [],
  validatorUrl: null,
});
