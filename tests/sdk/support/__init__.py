"""What the tests of this folder work with: the server, an app that calls it, a client, and the table of codes."""
