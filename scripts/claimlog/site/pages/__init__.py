"""The pages of the site, one module for each kind; `page_list` says where each is."""
