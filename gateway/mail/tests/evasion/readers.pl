# Prints the names of the messages in a folder in which MIME::Parser sees a payload.
# usage: readers.pl FOLDER PAYLOAD-FILE
use strict;
use warnings;
use MIME::Parser;

my ($folder, $file) = @ARGV;
my $payload = do { local $/; open my $in, '<:raw', $file or die $!; <$in> };

sub sees {
    my ($entity) = @_;
    if (my $body = $entity->bodyhandle) {
        return 1 if index($body->as_string, $payload) >= 0;
    }
    for my $part ($entity->parts) { return 1 if sees($part) }
    return 0;
}

for my $path (sort glob("$folder/*.eml")) {
    my $raw = do { local $/; open my $in, '<:raw', $path or die $!; <$in> };
    for my $uu (0, 1) {
        my $parser = MIME::Parser->new;
        $parser->output_to_core(1);
        $parser->tmp_to_core(1);
        $parser->extract_uuencode($uu);
        my $entity = eval { local $SIG{__WARN__} = sub { }; $parser->parse_data($raw) };
        if ($entity && sees($entity)) {
            my ($name) = $path =~ m{([^/]+)\.eml$};
            print "$name\n";
            last;
        }
    }
}
