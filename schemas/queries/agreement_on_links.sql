-- title: How far do coders agree on links, and how many did both miss?
-- description: F1 with its interval over the pairs of claims that a coder proposed, by relation, within and between articles; and the links found in pairs drawn at random from those that nobody had proposed.
select pass, scope, relation, pairs, first_links, second_links, both_links, f1, f1_low, f1_high,
       random_pairs, random_links
from link_agreement
order by pass, scope <> 'all', scope, relation <> 'any', relation
