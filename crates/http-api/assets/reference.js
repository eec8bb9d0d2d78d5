// Draws the API reference from /openapi.json. Requests are signed, so there is nothing to try out and nothing to authorise here.
'use strict'

const dark = window.matchMedia('(prefers-color-scheme: dark)')
const applyColours = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
applyColours()
dark.addEventListener('change', applyColours)

const nothing = () => null
const readOnly = () => ({
  wrapComponents: {
    authorizeBtn: () => nothing,
    authorizeOperationBtn: () => nothing,
    TryItOutButton: () => nothing,
    ServersContainer: () => nothing,
  },
})

window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  presets: [window.SwaggerUIBundle.presets.apis],
  plugins: [readOnly],
  layout: 'BaseLayout',
  supportedSubmitMethods: [],
  validatorUrl: null,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
})
