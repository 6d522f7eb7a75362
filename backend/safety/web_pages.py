"""Pages of the web app that are about this app."""

from common.web_pages import WebPage

WEB_PAGES = (WebPage("me/reports", route="/me/reports"),)
