# ruff: noqa: E501 - a template or a word list stays in one piece
"""Families `ticket` and `reply`: label a support message, and answer it with a fixed polite text."""

from __future__ import annotations

from agents.nano.data import calendar, values
from agents.nano.data.grammar import Draw, Frames, Sample, compact
from agents.nano.data.phrasing import dress, request

INTENTS = ("refund", "delivery", "login", "billing", "cancel", "bug")
PRIORITIES = ("low", "normal", "high")

TICKET = {
    "en": Frames(
        """
        (classify|label|triage|tag|categorize|sort) (this|the) (support|customer|) (ticket|message|request|email)
        (give|return|tell|write) (me|) the intent and (the|) priority (of|for) (this|the) (ticket|message|request|email)
        ?what (is|are) the intent and (the|) priority (of this|here|of the) (ticket|message|request|)
        (classify|label) (this|the) (ticket|message) by intent and priority
        (classify|label|triage) (this|the) (ticket|message) (as|into) JSON with intent and priority
        (find|detect|identify|extract) (the|) intent and priority (of|from|in) (this|the) (ticket|message|request)
        intent and priority
        (triage|classify) (this|the following|it)
        (classify|triage) the support (ticket|request) (below|above|)
        (intent|intents): refund, delivery, login, billing, cancel, bug. (priority|priorities): low, normal, high. (classify|label) (this|the) (ticket|message)
        """,
        """
        (assess|judge) the intent and priority of this (case|ticket)
        (route|sort out) this support message: intent and priority
        """,
        """
        (assign|set) an intent and a priority to this (case|complaint|ticket)
        (how would you label|how should we triage) this support (message|case)?
        """,
    ),
    "pt": Frames(
        """
        (classifique|rotule|faça a triagem de|categorize) (este|o) (chamado|ticket|pedido de suporte|email do cliente)
        (dê|retorne|me diga|escreva) a intenção e a prioridade (deste chamado|desta mensagem|do ticket)
        ?(qual é|quais são) a intenção e a prioridade (deste chamado|desta mensagem|aqui)
        classifique (este chamado|esta mensagem|o ticket) por intenção e prioridade
        (classifique|rotule) (este chamado|a mensagem) em JSON com intenção e prioridade
        (encontre|detecte|identifique|extraia) a intenção e a prioridade (da mensagem|do chamado|do ticket)
        intenção e prioridade
        (classifique|triagem) (este chamado|do chamado|desta mensagem)
        """,
        """
        (avalie|julgue) a intenção e a prioridade deste caso
        encaminhe este chamado: intenção e prioridade
        """,
        """
        (atribua|defina) uma intenção e uma prioridade a este caso
        ?como rotular esta mensagem de suporte
        """,
    ),
}
COMPLAINTS = {
    "en": {
        "refund": Frames(
            """
            I want my money back (for the {p}|)
            (please|) refund (my|the) (order|purchase|payment) (of the {p}|{o}|)
            the {p} (came|arrived) (broken|damaged) and I (want|need|would like) a refund
            I returned the {p} and (have not|never) (received|got) my refund
            (how do I|can I) get a refund for (the|my) {p}
            I (would like|want) to be reimbursed for (the {p}|order {o})
            """,
            "(kindly|) give me back what I paid for the {p}",
            "I demand reimbursement of my {p}\nthe {p} is useless, return my money",
        ),
        "delivery": Frames(
            """
            (my|the) (order|package|parcel) {o} (has not|hasn't|did not) (arrived|arrive|come|shown up) (yet|)
            where is my (order|package|parcel|{p})
            the (delivery|shipment) of (the|my) {p} is late
            the tracking (of|for) {o} has not (moved|changed) (in days|since Monday|)
            (when will|when does) my {p} (arrive|be delivered)
            the courier (left|delivered) my {p} at the wrong address
            """,
            "my {p} is still on the way after weeks",
            "I keep waiting for the parcel with my {p}\nthe shipment {o} got lost",
        ),
        "login": Frames(
            """
            I (cannot|can't|am unable to) (log in|login|sign in|log into my account|access my account)
            (I forgot|I lost) my password (and cannot enter|)
            the password reset (email|link) (never arrives|does not work|has not come)
            my account is (locked|blocked)
            the (verification|login) code (does not work|never arrives|is not accepted)
            it says (wrong|invalid) password (every time|when I sign in)
            """,
            "sign-in keeps rejecting me",
            "I got locked out of my profile\nmy credentials are refused",
        ),
        "billing": Frames(
            """
            I was charged twice (for {o}|this month|)
            there is a (wrong|strange|unknown) charge on my (card|invoice|statement)
            my invoice (shows|has) the wrong (amount|address|tax number|total)
            (why was I|I was) (charged|billed) {m}
            (please send|I need) (a copy of|) (the|my) invoice (for|of) {o}
            I (need|want) to (change|update) my (card|payment method|billing address)
            """,
            "the bill of this month is wrong",
            "you debited {m} that I do not recognise\nmy receipt has a mistake in the amount",
        ),
        "cancel": Frames(
            """
            (please|) cancel my (subscription|order {o}|account|plan|membership)
            I (want|would like|need) to cancel (my|the) (subscription|order {o}|plan|account)
            (how do I|how can I) (cancel|close) my (subscription|account|plan)
            (stop|end) my (subscription|plan) (now|at the end of the month|)
            I no longer (want|need) (the|my) (subscription|plan|order {o})
            """,
            "terminate my (plan|subscription)",
            "I wish to end my contract with you\ndo not renew my membership",
        ),
        "bug": Frames(
            """
            the (app|site|page|program) (crashes|freezes|closes|hangs) when I (open|click|save|upload) (the {p}|a file|it)
            I get (an error|error {e}|an error message) when I (save|open|upload|pay|print)
            the (button|search|page|export|filter) (does not work|is broken|stopped working|does nothing)
            (the|your) (app|website) shows (a blank page|error {e}|nothing)
            after the (update|upgrade) the (app|site) (does not start|is slow|crashes)
            """,
            "the screen goes white when I press save",
            "your software breaks every time I export\nthere is a glitch in the menu, error {e}",
        ),
    },
    "pt": {
        "refund": Frames(
            """
            quero meu dinheiro de volta (pelo produto {p}|)
            (por favor|) (reembolsem|devolvam) (meu pagamento|o valor do pedido {o}|minha compra)
            o produto {p} (chegou|veio) (quebrado|com defeito) e quero (reembolso|meu dinheiro)
            devolvi o produto {p} e não recebi o reembolso
            como (peço|consigo) reembolso do pedido {o}
            (gostaria|quero) de ser reembolsado pelo pedido {o}
            """,
            "me devolvam o que paguei pelo produto {p}",
            "exijo o ressarcimento do produto {p}\no produto {p} não presta, devolvam meu dinheiro",
        ),
        "delivery": Frames(
            """
            (meu|o) (pedido|pacote) {o} (não chegou|ainda não chegou|não apareceu)
            (onde está|cadê) (meu pedido|meu pacote|minha encomenda)
            a entrega do produto {p} está atrasada
            o rastreio de {o} não (muda|andou) (há dias|)
            quando (chega|vai chegar) (meu pedido|minha encomenda)
            o entregador deixou o pacote no endereço errado
            """,
            "minha encomenda segue a caminho há semanas",
            "continuo esperando o pacote com {p}\na remessa {o} se perdeu",
        ),
        "login": Frames(
            """
            não consigo (entrar|fazer login|acessar minha conta|logar)
            (esqueci|perdi) minha senha
            o (email|link) de redefinir a senha não (chega|funciona)
            minha conta está (bloqueada|travada)
            o código de (acesso|verificação) não (funciona|chega)
            aparece senha (errada|inválida) toda vez
            """,
            "o acesso me rejeita sempre",
            "fiquei trancado fora do meu perfil\nminhas credenciais são recusadas",
        ),
        "billing": Frames(
            """
            fui cobrado duas vezes (por {o}|este mês|)
            há uma cobrança (errada|estranha|desconhecida) no meu cartão
            minha fatura está com o (valor|endereço|total) errado
            (por que fui|fui) cobrado em {m}
            (preciso da|me enviem a) (segunda via da|) (fatura|nota fiscal) (de|do pedido) {o}
            quero (trocar|atualizar) (meu cartão|a forma de pagamento)
            """,
            "a conta deste mês está errada",
            "debitaram {m} que não reconheço\nmeu recibo tem um erro no valor",
        ),
        "cancel": Frames(
            """
            (por favor|) cancelem (minha assinatura|meu pedido {o}|minha conta|meu plano)
            (quero|preciso|gostaria de) cancelar (minha assinatura|o pedido {o}|meu plano|a conta)
            como (cancelo|encerro) minha (assinatura|conta)
            não quero mais (a assinatura|o plano|o pedido {o})
            encerrem (meu plano|minha assinatura) (agora|no fim do mês|)
            """,
            "rescindam (meu plano|minha assinatura)",
            "desejo terminar meu contrato com vocês\nnão renovem minha adesão",
        ),
        "bug": Frames(
            """
            o (aplicativo|site|programa) (trava|fecha|congela) quando (abro|clico|salvo|envio) (um arquivo|algo|)
            aparece (um erro|o erro {e}|uma mensagem de erro) quando (salvo|abro|pago|imprimo)
            o (botão|filtro|menu) (não funciona|está quebrado|parou de funcionar)
            o (aplicativo|site) mostra (uma página em branco|o erro {e})
            depois da atualização o (aplicativo|site) (não abre|está lento|trava)
            """,
            "a tela fica branca quando aperto salvar",
            "o programa de vocês quebra sempre que exporto\nhá uma falha no menu, erro {e}",
        ),
    },
}
_URGENCY = {
    "en": {"high": ["This is urgent!", "Urgent.", "I need this today.", "As soon as possible please.", "ASAP!", "I need it fixed right now.",
                    "It is very urgent.", "We are losing sales."],
           "low": ["No rush.", "No hurry.", "Whenever you can.", "It is not urgent.", "Take your time.", "When you have time."],
           "normal": ["", "", "", "Thanks.", "Thank you.", "Regards, {n}", "Please advise.", "Can you check?"]},
    "pt": {"high": ["É urgente!", "Urgente.", "Preciso disso hoje.", "O mais rápido possível.", "Preciso disso agora.", "É muito urgente.",
                    "Estamos perdendo vendas."],
           "low": ["Sem pressa.", "Quando puderem.", "Não é urgente.", "Podem levar o tempo que precisarem.", "Quando der."],
           "normal": ["", "", "", "Obrigado.", "Obrigada.", "Atenciosamente, {n}", "Aguardo.", "Podem verificar?"]},
}  # fmt: skip


def complaint(draw: Draw, language: str) -> tuple[str, str, str]:
    """A support message with its intent and priority."""
    intent = draw.pick(INTENTS)
    priority = draw.pick(PRIORITIES)
    text = draw.phrase(
        COMPLAINTS[language][intent],
        p=values.product(draw, language),
        o=values.code_number(draw, "order"),
        m=values.amount(draw, language),
        e=str(draw.integer(100, 999)),
    ).strip()
    mood = draw.pick(_URGENCY[language][priority]).replace("{n}", values.first_name(draw))
    text = " ".join(text.split())
    text = (text[0].upper() if draw.chance(0.8) else text[0]) + text[1:]
    parts = [
        text + draw.pick([".", ".", "!", ""]) if mood else text + draw.pick([".", "", "!"]),
        mood,
    ]
    if mood and priority != "normal" and draw.chance(0.25):
        parts.reverse()
    greeting = draw.pick(greetings(language)) + " " if draw.chance(0.25) else ""
    return greeting + " ".join(p for p in parts if p), intent, priority


def greetings(language: str) -> list[str]:
    return ["Hi,", "Hello,", "Good morning,"] if language == "en" else ["Olá,", "Oi,", "Bom dia,"]


def ticket(draw: Draw, language: str) -> Sample:
    text, intent, priority = complaint(draw, language)
    prompt = request(draw, TICKET[language], language, text)
    return Sample("ticket", language, prompt, compact({"intent": intent, "priority": priority}))


REPLIES = {
    "en": {
        "acknowledge": "Hi{n}, thank you for your message{o}. We are looking into it and will get back to you soon.",
        "refund": "Hi{n}, your refund{o} has been approved. You will see it in your account within 5 business days.",
        "delay": "Hi{n}, we are sorry for the delay{o}. We are working on it and will keep you informed.",
        "schedule": "Hi{n}, your appointment is confirmed for {w}. Let us know if you need to change it.",
    },
    "pt": {
        "acknowledge": "Olá{n}, obrigado pela sua mensagem{o}. Estamos verificando e retornaremos em breve.",
        "refund": "Olá{n}, seu reembolso{o} foi aprovado. O valor aparecerá na sua conta em até 5 dias úteis.",
        "delay": "Olá{n}, pedimos desculpas pelo atraso{o}. Estamos cuidando disso e manteremos você informado.",
        "schedule": "Olá{n}, seu horário está confirmado para {w}. Avise se precisar mudar.",
    },
}
# {t} is " to Ana", {o} " about order 12", {w} the moment; t and o may be empty.
REPLY = {
    "en": {
        "acknowledge": Frames(
            """
            (write|draft|send|compose|prepare) (a|an) (short|brief|polite|quick|) (reply|message|note|answer|email) {t} (acknowledging|to acknowledge|confirming receipt of) (the|their) (message|request|email){o}
            (acknowledge|confirm receipt of) (the|a) (message|request|email){t}{o}
            (reply|respond|write|answer){t} (saying|that) we (received|got) (the|their) message{o} and are looking into it
            acknowledgement (reply|message){t}{o}
            """,
            "(let|tell){t} that we have the message{o}",
            "(confirm|reply){t} that the request{o} has reached us",
        ),
        "refund": Frames(
            """
            (write|draft|send|compose|prepare) (a|an) (short|brief|polite|quick|) (reply|message|note|answer|email) {t} (approving|confirming|saying we approved|to approve) (the|a|their) refund{o}
            (write|draft|send) (a|) refund (reply|confirmation|approval|message){t}{o}
            (tell|inform|let know){t} (that|) (the|their) refund{o} (is|was|has been) approved
            (approve|confirm) the refund{t}{o}
            (reply|respond){t} that the refund{o} (is|was) approved
            """,
            "a note{t} granting the refund{o}",
            "(announce|communicate){t} the approved refund{o}",
        ),
        "delay": Frames(
            """
            (write|draft|send|compose|prepare) (a|an) (short|brief|polite|quick|) (apology|reply|message|note|email) {t} (for|about|apologizing for|to apologize for) (the|a) delay{o}
            (apologize|apologise|say sorry){t} for the delay{o}
            (tell|inform){t} (that|) we are sorry for the delay{o}
            (delay|late delivery) apology{t}{o}
            (reply|respond){t} (saying sorry|apologizing|with an apology) for the delay{o}
            """,
            "(express|send) regrets{t} about the delay{o}",
            "(excuse us|make our excuses){t} for being late{o}",
        ),
        "schedule": Frames(
            """
            (write|draft|send|compose|prepare) (a|an) (short|brief|polite|quick|) (reply|message|note|email|confirmation) {t} (confirming|to confirm) (the|an|their) (appointment|meeting|visit) (for|on) {w}
            confirm (the|an) (appointment|meeting|visit){t} for {w}
            (tell|inform){t} (that|) (the|their) (appointment|meeting|visit) is confirmed for {w}
            (appointment|meeting) confirmation{t} for {w}
            (reply|respond){t} (that|confirming) the (appointment|meeting) is (set|confirmed) for {w}
            """,
            "(let it be known|make known){t} that the appointment stands for {w}",
            "(assure|notify){t} that the meeting holds for {w}",
        ),
    },
    "pt": {
        "acknowledge": Frames(
            """
            (escreva|redija|envie|prepare|faça) (uma|) (resposta|mensagem|nota) (curta|breve|educada|) {t} (confirmando|acusando) (o recebimento|que recebemos a mensagem){o}
            (acuse|confirme) o recebimento da mensagem{t}{o}
            (responda|escreva){t} (dizendo|que) recebemos a mensagem{o} e estamos verificando
            (resposta|mensagem) de recebimento{t}{o}
            """,
            "(avise|conte){t} que temos a mensagem{o}",
            "(confirme|responda){t} que a solicitação{o} chegou até nós",
        ),
        "refund": Frames(
            """
            (escreva|redija|envie|prepare|faça) (uma|) (resposta|mensagem|nota) (curta|breve|educada|) {t} (aprovando|confirmando) o reembolso{o}
            (escreva|envie) (uma|) (resposta|confirmação|mensagem) de reembolso{t}{o}
            (diga|informe|avise){t} que o reembolso{o} foi aprovado
            (aprove|confirme) o reembolso{t}{o}
            (responda){t} que o reembolso{o} foi aprovado
            """,
            "uma nota{t} concedendo o reembolso{o}",
            "(anuncie|comunique){t} o reembolso aprovado{o}",
        ),
        "delay": Frames(
            """
            (escreva|redija|envie|prepare|faça) (um pedido de desculpas|uma mensagem|uma resposta) (curta|breve|educada|) {t} (pelo|sobre o) atraso{o}
            (peça desculpas|desculpe-se){t} pelo atraso{o}
            (diga|informe){t} que lamentamos o atraso{o}
            (desculpas|mensagem de desculpas){t} pelo atraso{o}
            (responda){t} (pedindo desculpas|se desculpando) pelo atraso{o}
            """,
            "(expresse|mande) nosso pesar{t} pelo atraso{o}",
            "(apresente|dê) nossas desculpas{t} pela demora{o}",
        ),
        "schedule": Frames(
            """
            (escreva|redija|envie|prepare|faça) (uma|) (resposta|mensagem|nota|confirmação) (curta|breve|educada|) {t} (confirmando|para confirmar) (o horário|a reunião|a visita|a consulta) para {w}
            confirme (o horário|a reunião|a visita|a consulta){t} para {w}
            (diga|informe|avise){t} que (o horário|a reunião|a consulta) está confirmada para {w}
            confirmação de (horário|reunião|consulta){t} para {w}
            (responda){t} que (a reunião|a consulta) está (marcada|confirmada) para {w}
            """,
            "(deixe claro){t} que a consulta fica para {w}",
            "(assegure|notifique){t} que a reunião vale para {w}",
        ),
    },
}


def appointment(draw: Draw, language: str) -> str:
    day = draw.pick(calendar.DAYS[language])
    hour, minute = draw.integer(8, 18), draw.pick([0, 0, 15, 30, 30, 45])
    clock = calendar.hour_text(draw, language, hour, minute)
    if language == "en":
        return draw.pick(
            [
                f"{day} at {clock}",
                f"tomorrow at {clock}",
                f"{day}",
                f"{calendar.written(draw, 'en')}",
                f"{calendar.written(draw, 'en')} at {clock}",
            ]
        )
    return draw.pick(
        [
            f"{day} às {clock}",
            f"amanhã às {clock}",
            f"{day}",
            f"{calendar.written(draw, 'pt')}",
            f"{calendar.written(draw, 'pt')} às {clock}",
        ]
    )


def reply(draw: Draw, language: str) -> Sample:
    kind = draw.pick(list(REPLIES["en"]))
    name = (
        ""
        if draw.chance(0.12)
        else (values.first_name(draw) if draw.chance(0.6) else values.full_name(draw))
    )
    order = values.code_number(draw, "order") if kind != "schedule" and draw.chance(0.6) else ""
    when = appointment(draw, language)
    to = ""
    if name:
        to = (
            draw.pick(
                [" to ", " to ", " for "] if language == "en" else [" para ", " para ", " a "]
            )
            + name
        )
    about = ""
    if order:
        about = (
            draw.pick(
                [" about order ", " for order ", " of order ", " on order "]
                if language == "en"
                else [" sobre o pedido ", " do pedido ", " referente ao pedido "]
            )
            + order
        )
    ask = draw.phrase(REPLY[language][kind], t=to, o=about, w=when)
    prompt = dress(draw, " ".join(ask.split()), language) + draw.pick(["", "", "."])
    slots = {"n": f" {name}" if name else "", "w": when}
    slots["o"] = (
        (f" about order {order}" if language == "en" else f" sobre o pedido {order}")
        if order
        else ""
    )
    answer = draw.expand_slots(REPLIES[language][kind], **slots).replace("..", ".")
    return Sample("reply", language, prompt, answer)
