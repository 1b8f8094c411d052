"""The book: its prose, its pages, the site and the explorer."""
