# ruff: noqa: E501 - a template or a word list stays in one piece
"""Family `extract`: wanted fields of a message as compact JSON, plus `contact`."""

from __future__ import annotations

from dataclasses import dataclass

from agents.nano.data import calendar, values
from agents.nano.data.grammar import Draw, Frames, Sample, compact
from agents.nano.data.phrasing import attach, dress, request, strip_accents


@dataclass(frozen=True, slots=True)
class Field:
    """A field in one language: its JSON key, the words that ask for it, and lines that state it."""

    key: str
    names: tuple[str, ...]
    keys: tuple[str, ...]
    clauses: tuple[str, ...]
    label: tuple[str, ...]


def _field(key: str, names: str, keys: str, clauses: str, label: str) -> Field:
    def split(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split("|") if part.strip())

    return Field(key, split(names), (key, *split(keys)), split(clauses), split(label))


# One row a field: key | ways to ask | other keys in a schema | sentences | labels in a list.
FIELDS: dict[str, dict[str, Field]] = {
    "en": {
        "order": _field("order_number",
            "order number|order number|order no.|order id|order ID|order #|order code|order reference",
            "order_id|order|orderNumber|order_no|order_ref|orderId",
            "I am writing about order {v}|my order {v} arrived damaged|order {v} has not arrived yet|"
            "the order number is {v}|this is about my order number {v}|order {v} was confirmed|"
            "order {v} is on its way|we have received your order {v}|your order {v} has shipped|"
            "I placed order {v}|regarding order {v}, nothing has moved", "Order|Order number|Order no.|Order ID|Order #"),
        "invoice": _field("invoice_number",
            "invoice number|invoice number|invoice no.|invoice id|invoice ID|bill number|invoice #",
            "invoice_id|invoice|invoiceNumber|invoice_no",
            "invoice {v} is attached|please find invoice {v}|the invoice number is {v}|we issued invoice {v}|"
            "invoice {v} is still open|your invoice {v} is ready|I have a question about invoice {v}",
            "Invoice|Invoice number|Invoice no.|Invoice ID"),
        "tracking": _field("tracking_code",
            "tracking code|tracking number|tracking id|tracking no.|shipment code",
            "tracking|tracking_number|tracking_id|trackingCode",
            "the tracking code is {v}|track it with {v}|it was shipped under {v}|tracking number {v}|"
            "you can follow the parcel with code {v}|the carrier gave us tracking {v}",
            "Tracking|Tracking code|Tracking number"),
        "customer": _field("customer_name",
            "customer name|customer name|customer's name|name of the customer|client name|buyer name|customer",
            "customer|client_name|buyer|client|customerName",
            "my name is {v}|this is {v}|the customer is {v}|it was bought by {v}|{v} placed it|"
            "{v} is waiting for an answer|I am {v}|{v} wrote to us|best regards, {v}|signed, {v}|the buyer is {v}",
            "Customer|Customer name|Client|Buyer"),
        "name": _field("name", "name|name|full name|person's name|contact name|name of the person",
            "full_name|person|contact_name|fullName",
            "my name is {v}|this is {v}|I am {v}|you can ask for {v}|talk to {v}|best regards, {v}|{v} here|"
            "please contact {v}|write to {v}|{v} will take the call", "Name|Full name|Contact|Person"),
        "email": _field("email", "email|email|e-mail|email address|e-mail address|mail",
            "email_address|mail|e_mail|contact_email",
            "my email is {v}|write to {v}|you can reach me at {v}|send it to {v}|the email is {v}|"
            "reply to {v}|contact: {v}|his address is {v}|we wrote to {v}|registered with {v}",
            "Email|E-mail|Mail|Email address"),
        "phone": _field("phone", "phone|phone number|telephone|phone no.|mobile number|contact number|cell phone",
            "phone_number|telephone|mobile|phoneNumber|tel",
            "call me at {v}|my phone is {v}|my number is {v}|phone {v}|you can call {v}|reach me on {v}|"
            "the phone number is {v}|text me at {v}|ring {v}", "Phone|Tel|Mobile|Phone number|Telephone"),
        "date": _field("date", "date|date|order date|purchase date|date of purchase",
            "order_date|purchase_date|day",
            "it was placed on {v}|bought on {v}|on {v} I paid for it|the date is {v}|ordered on {v}|"
            "purchased on {v}|I bought it on {v}|dated {v}", "Date|Order date|Purchase date"),
        "due": _field("due_date", "due date|due date|payment due date|deadline|payment deadline",
            "deadline|dueDate|payment_due|pay_by",
            "payment is due on {v}|it is due by {v}|please pay by {v}|the due date is {v}|due {v}|"
            "the deadline is {v}|payable until {v}", "Due date|Due|Deadline|Payment due"),
        "total": _field("total", "total|total|total amount|order total|amount|total price|total value|total cost|amount paid",
            "total_amount|amount|total_price|value|totalAmount|order_total",
            "the total was {v}|for a total of {v}|the total is {v}|I paid {v}|it cost {v} in all|"
            "the amount is {v}|totalling {v}|{v} was charged to my card|you were charged {v}|"
            "total: {v}|the order comes to {v}", "Total|Amount|Total amount|Grand total|Total price"),
        "quantity": _field("quantity", "quantity|quantity|qty|number of units|number of items|amount of units",
            "qty|units|count|item_count",
            "it has {v} units|we need {v} pieces|{v} units were ordered|the quantity is {v}|{v} items in the box|"
            "qty {v}|I asked for {v} of them", "Quantity|Qty|Units|Number of items"),
        "product": _field("product", "product|product|product name|item|item name|article|name of the product",
            "item|product_name|article|productName",
            "I bought the {v}|the product is the {v}|I ordered a {v}|the item is a {v}|it is about the {v}|"
            "the {v} stopped working|the {v} came broken|I want to return the {v}", "Product|Item|Article|Product name"),
        "company": _field("company", "company|company|company name|firm|business name|name of the company|organization",
            "company_name|firm|organization|business",
            "I work at {v}|we are {v}|the company is {v}|on behalf of {v}|I am writing from {v}|"
            "billed to {v}|it was sold by {v}|our company, {v}, is waiting", "Company|Company name|Firm|Organization"),
        "city": _field("city", "city|city|town|delivery city|city name",
            "town|city_name|location|delivery_city",
            "I live in {v}|deliver it to {v}|it goes to {v}|the city is {v}|we are based in {v}|"
            "shipped to {v}|our office is in {v}|sent from {v}", "City|Town|Delivery city"),
        "address": _field("address", "address|address|delivery address|street address|shipping address|street",
            "street|delivery_address|shipping_address|street_address",
            "deliver to {v}|my address is {v}|the address is {v}|send it to {v}|I live at {v}|ship it to {v}|"
            "we are at {v}", "Address|Delivery address|Shipping address|Street"),
        "postcode": _field("postal_code", "postal code|zip code|postcode|zip",
            "zip|zip_code|postcode|postalCode",
            "the zip code is {v}|postal code {v}|zip {v}|my postcode is {v}", "Postal code|Zip|Zip code|Postcode"),
    },
    "pt": {
        "order": _field("numero_pedido",
            "número do pedido|número do pedido|nº do pedido|código do pedido|pedido|id do pedido|número da encomenda",
            "pedido|id_pedido|order_number|order_id|codigo_pedido",
            "escrevo sobre o pedido {v}|meu pedido {v} chegou com defeito|o pedido {v} ainda não chegou|"
            "o número do pedido é {v}|fiz o pedido {v}|o pedido {v} foi confirmado|sobre o pedido {v}, nada mudou|"
            "recebemos seu pedido {v}|o pedido {v} já saiu", "Pedido|Número do pedido|Nº do pedido|Pedido nº"),
        "invoice": _field("numero_fatura",
            "número da fatura|número da nota fiscal|nº da fatura|número da nota|fatura|nota fiscal",
            "fatura|nota_fiscal|invoice_number|numero_nota",
            "segue a fatura {v}|a fatura {v} está em aberto|o número da fatura é {v}|emitimos a nota {v}|"
            "a nota fiscal {v} está em anexo|tenho uma dúvida sobre a fatura {v}",
            "Fatura|Número da fatura|Nota fiscal|Fatura nº"),
        "tracking": _field("codigo_rastreio",
            "código de rastreio|código de rastreamento|rastreio|número de rastreio",
            "rastreio|codigo_rastreamento|tracking_code",
            "o código de rastreio é {v}|acompanhe com o código {v}|foi enviado com o rastreio {v}|"
            "o rastreamento é {v}|rastreie por {v}", "Rastreio|Código de rastreio|Rastreamento"),
        "customer": _field("nome_cliente",
            "nome do cliente|nome do cliente|nome da cliente|cliente|nome do comprador|comprador",
            "cliente|comprador|customer_name|nome_comprador",
            "meu nome é {v}|aqui é {v}|o cliente é {v}|quem comprou foi {v}|sou {v}|atenciosamente, {v}|"
            "{v} espera uma resposta|a cliente é {v}|{v} entrou em contato", "Cliente|Nome do cliente|Comprador"),
        "name": _field("nome", "nome|nome|nome completo|nome da pessoa|nome do contato",
            "nome_completo|contato|name|pessoa",
            "meu nome é {v}|aqui é {v}|sou {v}|fale com {v}|procure por {v}|atenciosamente, {v}|me chamo {v}|"
            "o contato é {v}", "Nome|Nome completo|Contato|Pessoa"),
        "email": _field("email", "email|e-mail|email|endereço de email|correio eletrônico|e-mail de contato",
            "e_mail|email_contato|endereco_email|mail",
            "meu email é {v}|escreva para {v}|meu e-mail é {v}|mande para {v}|o email é {v}|responda para {v}|"
            "contato: {v}|cadastrado com {v}", "Email|E-mail|Mail"),
        "phone": _field("telefone", "telefone|telefone|número de telefone|celular|fone|telefone de contato|whatsapp",
            "celular|numero_telefone|phone|fone",
            "me ligue no {v}|meu telefone é {v}|meu número é {v}|telefone {v}|pode ligar para {v}|"
            "o celular é {v}|fale comigo no {v}", "Telefone|Tel|Celular|Fone"),
        "date": _field("data", "data|data|data do pedido|data da compra|dia da compra",
            "data_pedido|data_compra|date|dia",
            "foi feito em {v}|comprei em {v}|em {v} eu paguei|a data é {v}|comprado em {v}|feita no dia {v}",
            "Data|Data do pedido|Data da compra"),
        "due": _field("data_vencimento", "data de vencimento|vencimento|prazo|data limite|prazo de pagamento",
            "vencimento|prazo|due_date",
            "o vencimento é em {v}|vence em {v}|pague até {v}|a data de vencimento é {v}|o prazo é {v}|"
            "com vencimento em {v}", "Vencimento|Data de vencimento|Prazo"),
        "total": _field("total", "total|total|valor total|valor|preço total|total do pedido|valor pago|montante",
            "valor_total|valor|amount|total_pedido|preco_total",
            "o total foi {v}|no total de {v}|o total é {v}|paguei {v}|custou {v} ao todo|o valor é {v}|"
            "no valor de {v}|{v} foram cobrados no cartão|ficou em {v}", "Total|Valor|Valor total|Preço total"),
        "quantity": _field("quantidade", "quantidade|quantidade|qtd|número de unidades|quantidade de itens|unidades",
            "qtd|unidades|quantity",
            "são {v} unidades|precisamos de {v} peças|foram pedidas {v} unidades|a quantidade é {v}|"
            "vieram {v} itens|qtd {v}", "Quantidade|Qtd|Unidades"),
        "product": _field("produto", "produto|produto|nome do produto|item|artigo|mercadoria",
            "item|nome_produto|product|artigo",
            "comprei o produto {v}|o produto é {v}|pedi um item: {v}|o item é {v}|trata-se do item {v}|"
            "quero devolver o produto {v}|o produto {v} veio quebrado", "Produto|Item|Artigo"),
        "company": _field("empresa", "empresa|empresa|nome da empresa|companhia|razão social|firma",
            "nome_empresa|companhia|company|razao_social",
            "trabalho na {v}|somos a {v}|a empresa é {v}|falo em nome da {v}|vendido por {v}|"
            "escrevo da {v}|faturado para {v}", "Empresa|Nome da empresa|Razão social"),
        "city": _field("cidade", "cidade|cidade|cidade de entrega|município|nome da cidade",
            "municipio|cidade_entrega|city",
            "moro em {v}|entregue em {v}|vai para {v}|a cidade é {v}|estamos em {v}|enviado para {v}",
            "Cidade|Município|Cidade de entrega"),
        "address": _field("endereco", "endereço|endereço|endereço de entrega|rua|logradouro",
            "rua|endereco_entrega|address|logradouro",
            "entregue na {v}|meu endereço é {v}|o endereço é {v}|mande para {v}|moro na {v}|fica na {v}",
            "Endereço|Endereço de entrega|Logradouro"),
        "postcode": _field("cep", "CEP|cep|código postal",
            "codigo_postal|zip|postal_code", "o CEP é {v}|CEP {v}|meu cep é {v}|código postal {v}", "CEP|Código postal"),
    },
}  # fmt: skip

ASK = {
    "en": Frames(
        """
        (extract|get|pull|take|read|grab|pick) the {f} (from|out of) (the text|this text|the message|this message|this email|the email below|the note|the following|this|it|what follows)
        (extract|get|pull|read|grab) (the|) {f} (from|in) (the text|this message|this email|the message below|below|this order|this)
        (extract|pull) {f}
        (extract|get|find|fetch|return|give me|list) the {f} (from|in|of|contained in) (the following|this) (text|message|email|note|sentence|paragraph|order|mail|snippet)
        (find|locate|identify|spot|detect) (the|) {f} (in|within) (the|this) (text|message|email|note|sentence|following text)
        (give|send|show|return) (me|us) the {f} (of|from|in) (this|the) (message|text|email|order|note)
        ?what (is|are) the {f} (in|of|from) (this|the) (message|text|email|order|note) (below|here|)
        ?what is the {f}
        return the {f} as (JSON|json|a JSON object) (from|for|of) (this|the following) (text|message|email)
        extract (the following|these|those) fields: {f}
        extract fields {f} (from|in) (the|this) (text|message|email)
        (turn|convert|parse) (this|the) (message|text|email|order|note) into JSON with the {f}
        parse (this|the) (message|email|text|order|note) (and|to) (give|get|extract|return) the {f}
        I (need|want|would like) the {f} (from|of|in) (this|the) (message|text|email|note)
        ?{f} (from|in|of) (this|the) (message|text|email|order|note)
        from the (text|message|email|note) (below|above|here|), (extract|get|pull|take) the {f}
        (collect|gather|copy|isolate|capture) the {f} (from|in|found in) (this|the) (text|message|email|note|order)
        (write|put|output) the {f} (of|from) (this|the) (message|text|email) (as|in) (JSON|json)
        (extract|get) {f} (as|in|to) (JSON|json|JSON format)
        """,
        """
        (look up|look for) the {f} in (this|the) (mail|message|text) and (give|hand) (it|them) back
        (obtain|retrieve) the {f} (out of|from) the (content|passage|document)
        (tell|show) me the {f} mentioned in (this|the) (text|email)
        """,
        """
        (dig out|lift|single out) the {f} (from|of) this (piece of text|mail|letter)
        ?which {f} does this (text|message|email) (mention|contain|have)
        (fish|scan) this (text|email|message) for the {f}
        (structure|encode) the {f} of the (letter|conversation) as JSON
        """,
    ),
    "pt": Frames(
        """
        (extraia|pegue|tire|retire|leia|puxe) {f} (do texto|deste texto|da mensagem|desta mensagem|deste email|do email abaixo|do seguinte|disto|da nota)
        (extraia|extrair|pegue|obtenha) {f} (de|do texto|da mensagem|deste pedido)
        (extraia|extrair) {f}
        (extraia|obtenha|encontre|busque|retorne|liste|me dê) {f} (do|no|deste|neste) (seguinte texto|texto|email|pedido|texto abaixo)
        (encontre|localize|identifique|ache) {f} (no|neste) (texto|email|bilhete|recado|texto a seguir)
        (me dê|me passe|me mostre|devolva|envie) {f} (desta|da|nesta|na) (mensagem|nota|frase)
        ?(qual é|qual|quais são|quais) {f} (nesta|desta|na) (mensagem|nota|frase) (abaixo|)
        ?(qual é|quais são) {f}
        (retorne|devolva) {f} em (JSON|json|formato JSON)
        extraia (os seguintes|estes|esses) campos: {f}
        extraia os campos {f} (do|deste) (texto|email|pedido)
        (transforme|converta) (esta mensagem|este texto|este email|este pedido) em JSON com {f}
        (leia|analise) (a mensagem|o texto|o email|este texto) e (extraia|devolva|me dê|retorne) {f}
        (preciso de|quero|eu quero|preciso) {f} (deste|do|neste) (texto|email|pedido)
        ?{f} (deste|do) (texto|email|pedido)
        do (texto|email) (abaixo|acima|), (extraia|pegue|tire) {f}
        (copie|colete|separe|isole|capture) {f} (deste|do) (texto|email|pedido|recado)
        (escreva|coloque) {f} (deste|do) (texto|email) em (JSON|json)
        """,
        """
        (procure|busque) {f} (neste|no) (correio|email|texto) e (me mande|entregue)
        (recupere|levante) {f} (do|deste) (conteúdo|documento|trecho)
        (diga|informe) {f} que (aparece|aparecem) (no texto|na mensagem)
        """,
        """
        (garimpe|destaque|selecione) {f} (desta carta|deste trecho)
        ?que {f} (aparece|consta|há) (neste texto|nesta mensagem|neste email)
        (varra|examine) (este texto|este email|a mensagem) atrás de {f}
        (estruture|codifique) {f} (da carta|da conversa) como JSON
        """,
    ),
}

# Appended when a caller passes a JSON schema; see agents.nano.with_keys.
KEYS = {
    "en": Frames(
        """
        Return JSON with keys {k}
        Return JSON with keys {k}
        (Return|Answer with|Reply with|Give|Output|Produce) (JSON|a JSON object|only JSON|json) with (the|) (keys|fields) {k}
        (Use|using) (the|these|) (keys|JSON keys) {k}
        (Answer|Reply|Respond) in JSON with keys: {k}
        JSON keys: {k}
        keys: {k}
        as JSON with (keys|fields) {k}
        """,
        """
        JSON object containing {k}
        Schema keys: {k}
        """,
        """
        Fill this JSON: {k}
        Respond with an object whose keys are {k}
        """,
    ),
    "pt": Frames(
        """
        Retorne JSON com as chaves {k}
        Retorne JSON com as chaves {k}
        Return JSON with keys {k}
        (Retorne|Responda com|Devolva|Gere) (JSON|um JSON|um objeto JSON|só JSON) com (as|) (chaves|os campos) {k}
        (Use|usando) as chaves {k}
        (Responda|Devolva) em JSON com as chaves: {k}
        Chaves JSON: {k}
        em JSON com (chaves|campos) {k}
        """,
        """
        Objeto JSON contendo {k}
        Chaves do esquema: {k}
        """,
        """
        Preencha este JSON: {k}
        Responda com um objeto de chaves {k}
        """,
    ),
}
ANY = {
    "en": Frames(
        "(extract|read|parse|get) (the|) (data|information|details|fields) (from|of|in) (this|the) (message|text|email|order|note)\n"
        "(extract|get) (the|) (data|details|fields|information)\nparse (this|the) (message|email|text)",
        "(capture|collect) the (data|details) of this (message|text)",
        "(structure|digest) this (message|email)",
    ),
    "pt": Frames(
        "(extraia|leia|obtenha) (os dados|as informações|os campos|os detalhes) (deste|do) (texto|email|pedido)\n"
        "(extraia|obtenha) (os dados|os campos|as informações)\nanalise (a mensagem|o texto|este email)",
        "(capture|colete) os dados (desta mensagem|deste texto)",
        "(estruture|processe) (esta mensagem|este email)",
    ),
}
_ARTICLES = {"numero": "o", "número": "o", "nº": "o", "código": "o", "nome": "o", "valor": "o", "total": "o",
             "email": "o", "e-mail": "o", "telefone": "o", "pedido": "o", "cliente": "o", "produto": "o",
             "item": "o", "endereço": "o", "prazo": "o", "vencimento": "o", "CEP": "o", "cep": "o",
             "celular": "o", "comprador": "o", "preço": "o", "montante": "o", "artigo": "o", "rastreio": "o",
             "id": "o", "fone": "o", "whatsapp": "o", "município": "o", "logradouro": "o", "correio": "o",
             "dia": "o", "unidades": "as"}  # fmt: skip
GREETINGS = {"en": ["Hi,", "Hello,", "Dear team,", "Good morning,", "Hi there,", "Hello team,"],
             "pt": ["Olá,", "Oi,", "Bom dia,", "Prezados,", "Boa tarde,", "Oi pessoal,"]}  # fmt: skip
FILLER = {
    "en": ["thank you", "can you check it", "please answer soon", "the box was open", "I need help with this",
           "nothing else is missing", "let me know", "it is urgent", "I tried twice already", "shipping was {m}",
           "the discount was {p}%", "it took {d} days", "I have been a client for {d} years", "we close at {d} pm",
           "the warranty lasts {d} months", "please do not call", "thanks in advance", "everything else is fine"],
    "pt": ["obrigado", "podem verificar", "aguardo retorno", "a caixa veio aberta", "preciso de ajuda com isso",
           "não falta mais nada", "me avisem", "é urgente", "já tentei duas vezes", "o frete foi {m}",
           "o desconto foi de {p}%", "demorou {d} dias", "sou cliente há {d} anos", "fechamos às {d} horas",
           "a garantia é de {d} meses", "não precisa ligar", "desde já agradeço", "o resto está certo"],
}  # fmt: skip


def value(draw: Draw, field: str, language: str) -> str:
    """A value of a field, spelt as it would stand in a message of that language."""
    if field in ("order", "invoice", "tracking"):
        return values.code_number(draw, field)
    if field in ("customer", "name"):
        return values.full_name(draw) if draw.chance(0.85) else values.first_name(draw)
    if field == "email":
        return values.email(draw)
    if field == "phone":
        return values.phone(draw, language)
    if field in ("date", "due"):
        return calendar.written(draw, language)
    if field == "total":
        return values.amount(draw, language)
    if field == "quantity":
        return str(draw.integer(2, draw.pick([9, 60, 500])))
    if field == "city":
        return values.city(draw)
    if field == "postcode":
        return values.postcode(draw, language)
    maker = {"product": values.product, "company": values.company, "address": values.street}[field]
    return maker(draw, language)


def document(draw: Draw, language: str, fields: list[str], found: dict[str, str]) -> str:
    """A message that states every field once, as sentences or as a list, with distractors."""
    table = FIELDS[language]
    if draw.chance(0.18):
        mark = draw.pick([": ", ": ", " - ", "= "])
        rows = [f"{draw.pick(table[f].label)}{mark}{found[f]}" for f in fields]
        return draw.pick(["\n", "\n", "; ", " | ", ", "]).join(rows)
    clauses = [draw.pick(table[f].clauses).replace("{v}", found[f]) for f in fields]
    for _ in range(draw.pick([0, 0, 0, 1, 1])):
        extra = draw.pick(FILLER[language]).replace("{m}", values.amount(draw, language))
        extra = extra.replace("{p}", str(draw.integer(5, 60))).replace(
            "{d}", str(draw.integer(2, 12))
        )
        clauses.insert(draw.integer(0, len(clauses)), extra)
    text = clauses[0]
    for clause in clauses[1:]:
        joiner = draw.pick([". ", ". ", ", ", " and " if language == "en" else " e ", "; ", ".\n"])
        text += joiner + (clause[:1].upper() + clause[1:] if joiner[0] == "." else clause)
    text = text[:1].upper() + text[1:] + draw.pick([".", ".", "", "!"])
    if draw.chance(0.25):
        text = draw.pick(GREETINGS[language]) + draw.pick([" ", "\n", "\n\n"]) + text
    return text.lower() if draw.chance(0.02) and text.lower() == text else text


STORIES = {
    "en": Frames(
        """
        {customer} (bought|ordered|purchased) {quantity} {product} (for|, total) {total} (on|dated) {date}.
        Order {order} (from|by) {customer}: {quantity} x {product}, total {total}, (deliver to|shipping to) {city}.
        Hi, (my|the) order {order} (of|from) {date} came to {total} but the {product} never arrived. {customer}, {phone}
        Invoice {invoice} from {company} for {total} is due on {due}.
        {company} sent invoice {invoice} dated {date}, due {due}, (amount|total) {total}.
        Your parcel {tracking} with order {order} (leaves|left) for {address}, {city}.
        Hello, this is {customer} from {company}. (Please cancel|I want to cancel) order {order}. My email is {email} and my phone is {phone}.
        Customer {customer} <{email}> placed order {order} on {date} for {total}.
        Order {order}, total {total}, (placed|made) by {customer} on {date}.
        order {order} of {customer} totals {total}
        We need {quantity} pieces of the {product}, (please|) deliver to {city}.
        {customer} ordered the {product} (yesterday|last week|online|) and paid {total}. The order number is {order}.
        Your order {order} (shipped|was shipped|left) today. Tracking (number|code) {tracking} goes to {city}.
        Order {order} was placed by {customer} on {date} for {total}.
        My name is {customer} and you can reach me at {email} about (the invoice|my order|this).
        This is {customer}. Call me at {phone} or write to {email} about order {order}.
        I live in {city} and want to know about order {order}. {customer}
        Please cancel the {product} of order {order}; you charged {total} (to my card|twice|).
        The parcel for {address} has tracking {tracking}. (Thanks|Regards), {company}
        We at {company} still owe you {total} for invoice {invoice}, due {due}.
        {quantity} units of {product} at a total of {total} for {company}
        (Good morning|Hi|Hello), order {order} from {date} is missing the {product}. Can you (help|check)? {customer}
        order {order} for {total} (was shipped|shipped|goes) to {city}
        """,
        """
        We confirm the sale of {quantity} {product} to {customer}, order {order}, {total}.
        {customer} asks when order {order}, worth {total}, reaches {city}.
        """,
        """
        Receipt: {product}, {quantity} units, {total}, sold to {customer} under order {order}.
        {customer} of {company} disputes invoice {invoice}, {total}, (which fell due|due) {due}.
        The {product} in order {order} was charged {total} on {date}, says {customer}.
        """,
    ),
    "pt": Frames(
        """
        {customer} comprou {quantity} {product} por {total} em {date}.
        Pedido {order} de {customer}: {quantity} x {product}, total {total}, entrega em {city}.
        Oi, meu pedido {order} de {date} ficou em {total} mas o produto {product} não chegou. {customer}, {phone}
        Fatura {invoice} da {company} no valor de {total} vence em {due}.
        A {company} enviou a fatura {invoice} de {date}, vencimento {due}, valor {total}.
        O pacote {tracking} do pedido {order} (segue|saiu) para {address}, {city}.
        Olá, aqui é {customer} da {company}. Quero cancelar o pedido {order}. Meu email é {email} e meu telefone é {phone}.
        A cliente {customer} <{email}> fez o pedido {order} em {date} no valor de {total}.
        Pedido {order}, total {total}, feito por {customer} em {date}.
        pedido {order} de {customer} no total de {total}
        Precisamos de {quantity} unidades do produto {product}, entregar em {city}.
        {customer} pediu o produto {product} (ontem|semana passada|) e pagou {total}. O número do pedido é {order}.
        Seu pedido {order} saiu hoje. O código de rastreio {tracking} vai para {city}.
        O pedido {order} saiu hoje. O código de rastreio é {tracking}.
        O pedido {order} foi feito por {customer} em {date} por {total}.
        Meu nome é {customer} e meu email é {email}, é sobre (a fatura|meu pedido).
        Aqui é {customer}, moro em {city} e quero saber do pedido {order}.
        Olá, meu pedido {order} ficou em {total} e ainda não chegou.
        Por favor cancelem o produto {product} do pedido {order}; cobraram {total}.
        Nós da {company} ainda devemos {total} da fatura {invoice}, com vencimento em {due}.
        Bom dia, no pedido {order} de {date} faltou o produto {product}. Podem ajudar? {customer}
        o pedido {order} de {total} foi enviado para {city}
        """,
        """
        Confirmamos a venda de {quantity} {product} para {customer}, pedido {order}, {total}.
        {customer} pergunta quando o pedido {order}, de {total}, chega em {city}.
        """,
        """
        Recibo: {product}, {quantity} unidades, {total}, vendido a {customer} no pedido {order}.
        {customer} da {company} contesta a fatura {invoice}, de {total}, que venceu em {due}.
        O produto {product} do pedido {order} foi cobrado em {date} por {total}, diz {customer}.
        """,
    ),
}


def message(draw: Draw, language: str) -> tuple[str, dict[str, str]]:
    """A message and the fields it states, none of them twice."""
    if draw.chance(0.35):
        template = draw.pick(STORIES[language].of(draw.phrasing))
        named = [f for f in FIELDS["en"] if "{" + f + "}" in template]
        found = {f: value(draw, f, language) for f in named}
        return draw.expand(template, **found), found
    pool = list(FIELDS["en"])
    pool.remove(draw.pick(["customer", "name"]))
    if draw.chance(0.6):
        pool.remove(draw.pick(["date", "due"]))
    draw.rng.shuffle(pool)
    chosen = pool[: draw.pick([1, 2, 2, 3, 3, 3, 4, 4])]
    found = {f: value(draw, f, language) for f in chosen}
    if "total" in found and "quantity" in found and found["quantity"] in found["total"]:
        chosen.remove("quantity")
        del found["quantity"]
    return document(draw, language, chosen, found), found


def wording(draw: Draw, field: str, language: str) -> str:
    """One way to ask for a field, with its article in Portuguese."""
    name = draw.pick(FIELDS[language][field].names)
    if language == "en":
        return name
    if draw.chance(0.15):
        name = strip_accents(name)
    article = _ARTICLES.get(
        name.split()[0], "o" if strip_accents(name).startswith("numero") else "a"
    )
    return f"{article} {name}" if draw.chance(0.85) else name


def enumerated(draw: Draw, parts: list[str], language: str) -> str:
    """`a, b and c`, with the usual freedom of commas and conjunctions."""
    joined = " and " if language == "en" else " e "
    if len(parts) == 1:
        return parts[0]
    if draw.chance(0.15):
        return ", ".join(parts)
    if language == "en" and draw.chance(0.25):
        parts = [parts[0], *("the " + p for p in parts[1:])]
    if len(parts) > 2 and draw.chance(0.3):
        return ", ".join(parts[:-1]) + "," + joined + parts[-1]
    return ", ".join(parts[:-1]) + draw.pick([joined, joined, joined, " & ", " + "]) + parts[-1]


def choose(draw: Draw, found: dict[str, str]) -> list[str]:
    """The wanted fields, one to four, in any order."""
    wanted = list(found)
    draw.rng.shuffle(wanted)
    return wanted[: draw.pick([1, 2, 2, 2, 3, 3, 4])]


def ask_for(draw: Draw, language: str, wanted: list[str], text: str) -> tuple[str, list[str]]:
    """The prompt that asks for fields, and the JSON keys it must be answered with."""
    table = FIELDS[language]
    phrases = [wording(draw, f, language) for f in wanted]
    fields = enumerated(draw, phrases, language)
    keys = [table[f].key for f in wanted]
    kind = draw.rng.random()
    if kind < 0.62:
        return request(draw, ASK[language], language, text, f=fields), keys
    keys = []
    for field in wanted:
        key = draw.pick(table[field].keys)
        keys.append(key if key not in keys else table[field].key)
    if len(set(keys)) < len(keys):
        keys = [table[f].key for f in wanted]
    listed = draw.pick([", ", ", ", ", ", " and " if len(keys) == 2 else ", "]).join(keys)
    tail = draw.phrase(KEYS[language], k=listed)
    if kind < 0.8:
        prompt = request(draw, ASK[language], language, text, f=fields)
    elif kind < 0.93:
        prompt = request(draw, ANY[language], language, text)
    else:
        return attach(draw, dress(draw, tail, language), text), keys
    if draw.chance(0.75):
        return prompt + draw.pick(["\n", "\n\n", "\n", " "]) + tail + draw.pick(
            [".", ".", ""]
        ), keys
    return tail + draw.pick([".\n", ". ", ".\n\n"]) + prompt, keys


def sample(draw: Draw, language: str) -> Sample:
    text_language = language if draw.chance(0.93) else ("pt" if language == "en" else "en")
    text, found = message(draw, text_language)
    wanted = choose(draw, found)
    prompt, keys = ask_for(draw, language, wanted, text)
    answer = compact({k: found[f] for k, f in zip(keys, wanted, strict=True)})
    return Sample("extract", language, prompt, answer)


CONTACT = {
    "en": Frames(
        """
        (extract|get|pull|read|grab|find|save|copy|collect|list|take) the contact (details|info|information|data) (from|of|in) (this|the) (message|text|email|signature|note|line)
        (extract|get|pull|find) (the|) contact (details|info|information|data)
        (extract|get|pull) (all|any) contact (details|info|data) (from|in) (the following|this|the) (message|text|email|signature|card)
        ?what are the contact details (here|in this text|in this message|of this person)
        (turn|convert|parse|make) (this|the) (text|signature|message|card) into (a|) contact (JSON|json|record|card)
        (who|how) can I contact? (extract|get) the contact (details|info)
        parse (this|the) contact
        (create|make|build|save) a contact (from|out of) (this|the) (text|message|signature|email)
        contact (details|info|data) (from|of|in) (this|the) (text|message|email|signature)
        return the contact (details|info) (as|in) JSON
        """,
        """
        (store|add) this as a contact
        contact JSON for the (text|message)
        """,
        """
        (isolate|harvest) the contact (details|particulars) (given|stated) here
        (I want|give me) a contact entry (of|for) this
        """,
    ),
    "pt": Frames(
        """
        (extraia|pegue|tire|leia|encontre|salve|copie|colete|liste) (os dados|as informações|os detalhes) de contato (do|deste) (texto|email|bilhete|cartão|recado)
        (extraia|pegue|obtenha) (os dados de contato|o contato|as informações de contato)
        (extraia|pegue) (o contato|os contatos|todos os dados de contato) (do texto|da mensagem|desta mensagem|da assinatura)
        ?quais são os dados de contato (aqui|neste texto|nesta mensagem|da pessoa)
        (transforme|converta) (este texto|esta assinatura|a mensagem|este cartão) em (um contato|contato JSON|um contato JSON)
        (crie|faça|monte|salve) um contato (a partir|) deste (texto|email|cartão)
        (dados|informações) de contato (do|deste) (texto|email|cartão)
        retorne os dados de contato em JSON
        """,
        """
        (guarde|cadastre) isto como contato
        JSON de contato para o texto
        """,
        """
        (isole|levante) os dados de contato (informados|dados) aqui
        quero uma ficha de contato disto
        """,
    ),
}


def contact(draw: Draw, language: str) -> Sample:
    """All of name, email and phone that a text states (two at least), in that fixed order."""
    found = {f: value(draw, f, language) for f in ("name", "email", "phone")}
    if draw.chance(0.4):
        found["email"] = values.email(draw, found["name"])
    if draw.chance(0.3):
        del found[draw.pick(["name", "email", "phone"])]
    stated = list(found)
    draw.rng.shuffle(stated)
    if "name" in found and draw.chance(0.5):
        stated.remove("name")
        stated.insert(0, "name")
    if draw.chance(0.3):
        text = draw.pick([", ", " - ", "\n", " | ", " / ", "; "]).join(found[f] for f in stated)
    else:
        extra = {f: value(draw, f, language) for f in ("company", "city") if draw.chance(0.25)}
        text = document(draw, language, stated + list(extra), found | extra)
    prompt = request(draw, CONTACT[language], language, text)
    table = FIELDS[language]
    return Sample("contact", language, prompt, compact({table[f].key: v for f, v in found.items()}))
