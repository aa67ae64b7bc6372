"""Hand-written requests outside the families: near look-alikes and far ones, for measuring leaks.

None of them, and no template of them, is trained on. The calibration ones help to choose the
thresholds; the test ones are only ever measured. A right outcome is always to escalate.
"""

from __future__ import annotations


def _lines(block: str) -> list[str]:
    return [line.strip().replace("\\n", "\n") for line in block.strip().splitlines()]


NEAR_CALIBRATION = _lines(
    """
    Extract the cheapest item from: apples $3, pears $2.50, figs $7
    Extract the blood type from: Patient Rui Matos, type O+, admitted on 3 May 2024
    Extract the order numbers that are late from: order 551 late, order 552 on time, order 553 late
    Extract the second email from: a@lum.com, b@tren.org
    What is the total without tax? Order 8817, total $120.00, tax $20.00
    Extract the nickname and the phone from: Ana Duarte, also known as Nina, 415-555-0101
    Extract the order number from: I never got a confirmation, can you check?
    Extraia o número do pedido de: gostaria de saber quando vocês abrem aos sábados
    Extraia a placa do carro de: meu carro é um Gol 2012, placa ABC1D23
    Extraia o segundo telefone de: (11) 98888-1111 e (11) 97777-2222
    Extraia o lucro de: receita R$ 10.000,00, custo R$ 7.000,00
    Convert 12 kg to pounds
    Convert 30 miles to kilometers
    Convert March 3, 2025 to the Chinese calendar
    Convert 3 weeks from today to ISO
    Convert 1700000000 to an ISO date
    Converta 12/25/2024 para o calendário judaico
    Que feriado cai em 7 de setembro de 2024?
    Convert 7:45 pm Eastern to Pacific time
    Converta 9 da noite em Brasília para o horário de Tóquio
    Convert 020 7946 0958 to E.164, London
    Put 06 12 34 56 78 in E.164, French mobile
    Normalize R$ 20 and $30 into one sum
    Normalize the amount: three hundred and five dollars
    Quanto dá R$ 500,00 em 10 parcelas com 2% de juros?
    Remind me what we said about the budget
    Remind the whole team to submit their hours
    Me lembre por que escolhemos esse fornecedor
    Write a reply to Carol offering 10% off order 9912
    Write a reply to Bruno explaining why order 71 was cancelled
    Escreva uma resposta para Ana pedindo o comprovante de endereço
    Sort these by length: kiwi, strawberry, fig
    Turn this into an XML list: a, b, c
    Remove every second item: one, two, three, four
    Replace each vowel with a star in: banana bread
    Ordene por tamanho: uva, melancia, caju
    Write a Python function that checks if a number is perfect
    Write a Python function that reverses the digits of an integer
    Write a Python function that finds the longest palindrome in a string
    Escreva uma função em Python que valida um CNPJ
    Write a JavaScript function that debounces another function
    Write a Go function that reverses a string
    Write a Python class for a stack
    SQL to select the name from users who never ordered
    SQL: top 3 products per category by sales
    SQL: average age of customers older than 30 grouped by city
    SQL para apagar os pedidos de 2019
    Shell command to find files larger than 1 GB in /var
    Shell command to delete all empty folders in /data
    Comando para contar palavras de notas.txt
    bash: replace foo by bar in all files of src
    Classify this ticket as angry or happy: my parcel is late
    Which department should handle: the printer on floor 3 is jammed
    Repeat this text backwards: blue moon
    Save this number in my phone: 415-555-0134
    """
)
FAR_CALIBRATION = _lines(
    """
    Why is the sky blue at noon and red at dusk?
    Write a limerick about a clumsy baker
    What were the consequences of the Treaty of Tordesillas?
    A farmer has 17 sheep and all but 9 run away. How many are left?
    Prove that the sum of two even numbers is even
    Plan a vegetarian dinner for six people with one gluten-free guest
    What is the best way to learn the violin as an adult?
    Design the database schema of a library system and justify it
    Summarize the plot of Don Quixote in five sentences
    Translate to Japanese: we will arrive tomorrow
    I had a fight with my sister, what should I do?
    Explain recursion to a ten-year-old
    Is it ethical to eat meat?
    Por que o mar é salgado?
    Escreva uma crônica sobre a chuva em Belém
    Quais foram as causas da Guerra do Paraguai?
    Um trem sai às 8h a 60 km/h e outro às 9h a 90 km/h. Quando se encontram?
    Monte um plano de estudos para o vestibular de medicina
    Como devo investir dez mil reais?
    Qual a diferença entre TCP e UDP?
    Build a React component with pagination and dark mode
    Refactor a 2000-line class into smaller ones: where do I start?
    Implement a red-black tree with deletion
    What happened in the news this week?
    Good evening, who am I speaking to?
    """
)
NEAR_TEST = _lines(
    """
    Extract the highest price from: mug $12, plate $9, bowl $15
    Extract the patient's diagnosis from: Joana, 41, has acute bronchitis, seen on 2 June 2024
    Extract the tone of this review: the lamp broke twice, never again
    Extract the order number and the courier's name from: order 44821 was left with a neighbour
    Extract the total from: we have not been billed yet
    Extract the first sentence of: The shop is closed. Come back on Monday. Thank you.
    Extract the VAT number from: Lumo Ltda, VAT PT501234567, Porto
    Extract all the URLs from: see www.lumo.io and docs.lumo.io/start
    Extract the dates that fall on a weekend from: 3 May 2024, 4 May 2024, 6 May 2024
    Extraia o número de série de: aspirador modelo X2, série 99812-AB
    Extraia o nome da mãe de: Paulo, filho de Tereza Ramos, nascido em 1990
    Extraia o pedido mais caro de: pedido 10 R$ 50,00; pedido 11 R$ 80,00
    Extraia o email de: me ligue depois das 18h, não uso computador
    How old is someone born on 4 April 1990?
    Convert April 4, 1990 into a Roman date
    Which quarter does 2024-08-19 belong to?
    Convert "the first Monday of June 2025" to ISO
    Quantos dias úteis há entre 3 de março de 2025 e 20 de março de 2025?
    Converta o dia de Natal de 2023 para ISO
    What time will it be 90 minutes after 7:45 pm?
    Is 7:45 pm before or after 19:30?
    Quanto falta para as 10 da noite?
    Convert 1,200 dollars to Brazilian reais at today's rate
    Add 15% tip to $48.50
    Normalize: half a million dollars
    Quanto é R$ 1.250,00 menos 12%?
    +44 20 7946 0958: which city is this?
    Convert 0151 496 0000 to E.164 for Germany
    Is (11) 98765-4321 a valid WhatsApp number?
    Text 415-555-0199 that I am late
    Remind Paulo and Rita to bring the contract
    Cancel my reminder about the dentist
    Move the 5 pm reminder to 6 pm
    Adie meu lembrete de pagar o aluguel
    Reply to Marta saying we cannot refund order 5521 because it is too old
    Write a message to Lucas asking why he missed the meeting
    Escreva uma mensagem para Rita cobrando a fatura vencida
    Write an angry complaint about order 8890
    Sort alphabetically: pear, apple, mango
    Rename all .txt files to .md
    Turn this list into a haiku: rain, roof, night
    Make this text uppercase: good morning team
    Conte quantos itens há: prego, martelo, serra
    Troque todas as cores por números: azul, verde, azul
    Write merge_sort in Python
    Write a Python function that counts consonants and ignores accents
    Write a Python function that sums only the negative numbers of a list
    Write a TypeScript function that checks if a number is even
    Write a Python function that reads a JSON file
    Escreva uma função em Python que ordena palavras pela última letra
    Explain what this Python function does: def f(s): return s[::-1]
    Write a Python script that renames photos by date
    SQL to join orders and customers on customer_id
    SQL: delete rows from logs where level is debug
    SQL: rows of users where age is between 20 and 30
    SQL para listar clientes sem pedidos
    SQL: median price in products
    Shell command to kill the process on port 8080
    Shell command to list the five largest files in /home
    Bash loop that resizes every image in photos
    Comando para apagar a pasta build
    PowerShell command to create a folder named build
    Classify this message by language: bonjour tout le monde
    Rate this ticket from 1 to 10: my account is locked
    What should we answer to this ticket: where is my parcel?
    """
)
FAR_TEST = _lines(
    """
    If 5 machines make 5 widgets in 5 minutes, how long do 100 machines need for 100 widgets?
    Natalia sold 48 clips in April and half as many in May. How many in total?
    What is the derivative of x^3 sin(x)?
    Write a sonnet about an old lighthouse
    Compare Kant's and Mill's views on lying
    How do vaccines train the immune system?
    Who painted Guernica, and why does it matter?
    Give me a three-day itinerary for Lisbon with children
    My code leaks memory in a long-running asyncio service; how do I find out why?
    Implement a distributed lock with Redis and explain its failure modes
    Write a Kubernetes manifest for a stateful Postgres with backups
    Summarize: The council met on Tuesday. It debated the budget for hours and approved nothing.
    Translate to German: the invoice is overdue
    Critique this business idea: a subscription for houseplants
    What do you think about universal basic income?
    Should I quit my job to travel?
    Tell me a bedtime story about a shy dragon
    What is the tallest mountain outside Asia?
    Draft a privacy policy for a small web shop
    Is this sentence grammatical: him and me goes home
    Explique a diferença entre juros simples e compostos com exemplos
    Escreva um discurso de formatura emocionante
    Qual é a importância de Machado de Assis para a literatura?
    Resolva a equação x² - 5x + 6 = 0
    Maria tem o triplo da idade de João; juntos têm 48 anos. Qual a idade de cada um?
    Traduza para o inglês: o prazo termina amanhã
    Como convencer meu chefe a me dar um aumento?
    Quais são os sintomas de dengue?
    Crie um plano de marketing para uma padaria
    O que significa "saudade"?
    Extrae el número de pedido y el total de: Pedido 5521 por 30,00 €
    Rappelle-moi d'appeler Luc demain à 9 h
    Convertiere den 3. März 2025 in das ISO-Format
    Quanto fa 12 per 8?
    hello there
    thanks, that was great
    tudo bem com você?
    what can you do?
    lorem ipsum dolor sit amet
    banana
    """
)
