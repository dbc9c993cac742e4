"""The e-mail door: letters out, requests and bounces in."""
