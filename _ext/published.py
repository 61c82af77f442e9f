"""What depends on the address of the site: `html: baseurl` in _config.yml, which may be empty."""

import re
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from sphinx.errors import ConfigError

# Left out without an address, since other sites cannot follow relative ones.
NEEDS_ADDRESS = re.compile(r'<meta property="og:(?:url|image[^"]*)" content="[^"]*" />\n?')


def share_address(app, config):
    """Set the address of the site for every extension that needs it."""
    address = config.html_baseurl
    if address and not re.fullmatch(r"https?://\S+/", address):
        raise ConfigError(
            f"html: baseurl in _config.yml must look like https://host/path/, got {address!r}"
        )
    config.ogp_site_url = address
    config.notfound_urls_prefix = urlsplit(address).path or "/"
    if not address:
        config.ogp_social_cards = {"enable": False}


def drop_relative(app, pagename, templatename, context, doctree):
    if not app.config.html_baseurl:
        context["metatags"] = NEEDS_ADDRESS.sub("", context.get("metatags", ""))


def sitemap(address, pages):
    """The sitemap of pages, given relative to the address."""
    rows = "".join(f"  <url><loc>{escape(address + page)}</loc></url>\n" for page in sorted(pages))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{rows}</urlset>\n'
    )


def write_sitemap(app, error):
    if error or app.builder.name != "html":
        return
    path = Path(app.outdir) / "sitemap.xml"
    path.unlink(missing_ok=True)
    if app.config.html_baseurl:
        pages = map(app.builder.get_target_uri, app.env.found_docs)
        path.write_text(sitemap(app.config.html_baseurl, pages))


def setup(app):
    app.connect("config-inited", share_address)
    app.connect(
        "html-page-context", drop_relative, priority=900
    )  # once sphinxext-opengraph has written them
    app.connect("build-finished", write_sitemap)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
