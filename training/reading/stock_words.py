"""What shops and feeds write where an item can be bought, and where not: English, German, French, Spanish, Italian,
Dutch, schema.org and Google's feed. In small letters, blanks for other marks; `instock` is what InStock becomes."""


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.replace("\n", " ").split(","))


YES = _words("""
    true, t, yes, y, x, ja, j, oui, o, si, sí, sì, s, wahr, vrai, verdadero, vero, waar, on,
    active, aktiv, actif, activo, attivo, actief, enabled, enable, aktiviert, activé, activado, attivato, ingeschakeld,
    visible, sichtbar, visibile, zichtbaar, published, publish, listed, live, online, online only, onlineonly,
    available, in stock, instock, low stock, lowstock, limited availability, limitedavailability,
    lieferbar, sofort lieferbar, verfügbar, verfuegbar, auf lager, ab lager, am lager, vorrätig, vorraetig, bestellbar,
    disponible, disponibles, en stock, en existencia, disponibile, in magazzino, op voorraad, in voorraad, beschikbaar,
    leverbaar, made to order, madetoorder, auf bestellung, sur commande, bajo pedido, su ordinazione, op bestelling,
    preorder, pre order, presale, pre sale, vorbestellung, vorbestellbar, précommande, precommande, preventa, reserva,
    preordine, prenotabile, backorder, back order, backordered, on backorder, onbackorder, on back order,
    available on backorder, nachbestellung
""")
NO = _words("""
    false, f, no, n, nein, non, falsch, faux, falso, onwaar, nee, off,
    inactive, inaktiv, inactif, inactivo, inattivo, inactief, disabled, disable, deaktiviert, désactivé, desactivado,
    disattivato, uitgeschakeld, hidden, versteckt, draft, entwurf, brouillon, borrador, bozza, concept, private,
    unpublished, pending, archived, archive, archiviert, archivé, archivado, archiviato, deleted, trash,
    discontinued, ausgelistet, auslaufartikel, descatalogado, reserved, in store only, instoreonly, coming soon,
    out of stock, outofstock, oos, sold out, soldout, unavailable, not available, no longer available, not in stock,
    ausverkauft, vergriffen, nicht lieferbar, nicht mehr lieferbar, nicht verfügbar, nicht auf lager, nicht vorrätig,
    épuisé, epuise, indisponible, rupture de stock, en rupture, en rupture de stock, non disponible, plus disponible,
    agotado, sin stock, sin existencias, no disponible, esaurito, non disponibile, fuori stock,
    uitverkocht, niet op voorraad, niet beschikbaar, niet leverbaar
""")
# Within a longer text what says no goes first: "currently not available".
SAYS_NO = (
    r"\b(out of stock|sold out|not|soon|unavailable|discontinued|nicht|ausverkauft|vergriffen|rupture|indisponible|"
    r"épuisé|agotado|esaurito|uitverkocht|niet|"
    r"(no|none|non|pas|plus|sin|keine?|geen) (longer |more |hay )?(in |en |auf )?(stock|available|disponible|"
    r"disponibile|verfügbar|lieferbar|lager|voorraad|existencias))\b"
)
SAYS_YES = (
    r"\b(in stock|available|auf lager|lieferbar|verfügbar|en stock|disponible|disponibile|op voorraad|beschikbaar|"
    r"backorder|pre order|lagernd|versandfertig|hay stock)\b"
)
