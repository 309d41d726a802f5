# Prints the numbers of the messages in a folder in which MIME::Parser names a file `….com`.
# usage: names.pl FOLDER
use strict;
use warnings;
use MIME::Parser;

sub names {
    my ($entity) = @_;
    my $head = $entity->head;
    my @names = (eval { $head->recommended_filename },
        map { eval { $head->mime_attr($_) } } 'content-disposition.filename', 'content-type.name');
    return (grep { defined } @names), map { names($_) } $entity->parts;
}

for my $path (sort glob("$ARGV[0]/*.eml")) {
    my $raw = do { local $/; open my $in, '<:raw', $path or die $!; <$in> };
    my $parser = MIME::Parser->new;
    $parser->output_to_core(1);
    $parser->tmp_to_core(1);
    local $SIG{__WARN__} = sub { };
    my $entity = eval { $parser->parse_data($raw) } or next;
    print "$1\n" if grep({ /\.com[ .]*$/i } names($entity)) && $path =~ m{([^/]+)\.eml$};
}
