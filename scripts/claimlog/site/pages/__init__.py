"""The pages of the site, one module for each kind; `page_addresses` says where each is."""
