"""What is sent to a controller: lines of G-code that know their pass, their stroke and where they lead."""
