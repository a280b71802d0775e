#include "results/reports/compare_words.hpp"

namespace peakstorm::reports {
namespace {

constexpr CompareWords english{
    .tag = "en",
    .name = "English",
    .decimal = '.',
    .yardstick = {{{"Promises kept", "Promises kept, %", "percentage points"},
                   {"Cost per order", "Cost per order, $", "dollars"},
                   {"Promised", "Promised, days", "days"},
                   {"Delivered", "Delivered, days", "days"},
                   {"Contacts", "Contacts per order", "per order"},
                   {"NPS", "Net promoter score", "points"},
                   {"Worth", "Margin of the next year per order, $", "dollars"}}},
    .blame = {"our handling", "our promise", "the network", "storms"},
    .language = "Language",
    .title = "{0}: policies compared",
    .head = "{0} &middot; {1} policies &middot; {2}",
    .undecided = "Not decided yet",
    .today_is_best = "The policy of today is the best of these",
    .is_best = "{0} is the best of these",
    .leads = "{0} leads, without a guarantee",
    .cut_short = "The comparison was cut short: what follows is what was run.",
    .statement = nullptr,
    .procedure = {"two-stage selection (Matejcik & Nelson 1995)", "KN (Kim & Nelson 2001)",
                  "screening, then two-stage selection"},
    .selection = "By {0}: {1}, {2} % confidence, smallest difference that matters {3}",
    .seasons_needed = ", {0} seasons of each needed",
    .common_numbers =
        " Common random numbers: independent seasons would need {0} times as many for the same intervals "
        "of promises kept (median; {1} to {2}).",
    .searched = "What was searched, and what was not",
    .points_run = "{0} of the {1} points of the space were run; of the others nothing is known.",
    .points_all_run = "{0} of the {1} points of the space were run.",
    .unfit = "{0} more cannot run and were left out, for instance {1}",
    .axis = "{0}: {1} of {2} values from {3} to {4}",
    .differences_from = "Differences from {0}",
    .paired =
        "Paired over the same seasons; the {0} intervals hold together at {1} %. Blue is certainly better, orange "
        "certainly worse, grey not told apart.",
    .table_has_all = " The table below has all policies.",
    .range = "{0} to {1}",
    .against_cost = "Promises against cost",
    .against_cost_how =
        "Up is more promises kept, left is cheaper. Blue: nobody is certainly better by promises, cost "
        "and promised days together ({0} intervals). Green: selected.",
    .dot = "{0} %, ${1}, {2} days",
    .cost_axis = "cost per order",
    .all_policies = "All policies",
    .policy = "Policy",
    .seasons = "Seasons",
    .what_it_changes = "What it changes",
    .control = "control",
    .selected = "selected",
    .left_out = "left out early",
    .more_rows = "and {0} more in comparison.json",
    .by_region = "By region: {0} rows",
    .league = "Carriers by region and service",
    .league_how =
        "Under {0}, promises kept by who carried them, and what the others were lost to: our handling (waited "
        "at our node), our promise (lost no time, too tight from the start), the network, storms; shares of "
        "all promises. The {1} intervals hold together at {2} %; cells below {3} promises are left out.",
    .best = "Best",
    .worst = "Worst",
    .most_improved = "Most improved, second half of the season less the first",
    .kept_of = "{0} % kept ({1} to {2})",
    .points_of = "{0} points ({1} to {2})",
    .lost_to = "; most of the others lost to {0}",
    .in_region = "{0} in {1}",
    .carriers = "Carriers",
    .league_heads = {"Carrier, service", "Region", "Promises", "Kept, %", "Second half less first, pp"},
    .lost_heads = {"Lost to our handling, %", "to our promise, %", "to the network, %", "to storms, %"},
    .everywhere = "everywhere",
    .cuts = "Which carrier to cut where, and what that would change",
    .cuts_how =
        "Promises kept of all orders to the region without the carrier less with it, percentage points; {0} "
        "intervals together. Shown: carriers left out everywhere, and the regions where leaving one out, "
        "everywhere or there alone, certainly changes something. Above zero: cut.",
    .no_cut = "None of these certainly changes anything; more seasons would tell smaller changes apart.",
    .without = "Without a carrier",
    .cut_heads = {"Policy", "Region", "Difference, pp"},
    .reading = "How to read this",
    .reading_lines = {"A season is one replication; season r has the same orders, weather and luck under every policy, "
                      "so that differences are the policies'.",
                      "Intervals are about chance within the model. They say nothing of inputs that were guessed.",
                      "Days to delivery count delivered parcels only; promises count undelivered ones as broken once "
                      "they are due.",
                      "Contacts, and their cost, are the shopper model's.",
                      "A policy that was left out early is certainly not the best by {0}; its other figures rest on "
                      "fewer seasons."},
    .method = "Peakstorm {0}. Method: results/COMPARE.md."};

constexpr CompareWords::Statement spanish_statement{
    .nothing_yet = "Todavía no se puede decir nada: no hay dos temporadas completas de cada política.",
    .none_better = "No se encuentra ninguna política mejor que «{0}» ({1} temporadas de cada una; {2}).",
    .differs =
        "La política «{0}» frente a «{1}», {2}: {3} (intervalo simultáneo del {4} %: de {5} a {6}; {7} "
        "temporadas pareadas; {8}).",
    .not_told_apart = " El intervalo contiene el cero: no se distinguen.",
    .basis = "{0} políticas x {1} varas de medir comparadas, Bonferroni; promesas según la definición «promise»; {2}",
    .sure_kn =
        " Con probabilidad de al menos el {0} %, «{1}» es la mejor de las {2} según {3}, si la mejor aventaja a "
        "todas las demás en {4} (Kim y Nelson).",
    .sure_two_stage =
        " Con probabilidad de al menos el {0} %, «{1}» es la mejor de las {2} según {3}, o está a {4} de ella ({5}).",
    .needs_seasons =
        " No se garantiza ninguna selección con un margen de {0}: harían falta {1} temporadas de cada "
        "política; lo simulado alcanza solo para {2}.",
    .still_undecided = " No se garantiza ninguna selección: {0} de {1} políticas siguen sin decidir."};

constexpr CompareWords spanish{
    .tag = "es",
    .name = "Español",
    .decimal = ',',
    .yardstick = {{{"Promesas cumplidas", "Promesas cumplidas, %", "puntos porcentuales"},
                   {"Coste por pedido", "Coste por pedido, $", "dólares"},
                   {"Plazo prometido", "Plazo prometido, días", "días"},
                   {"Plazo de entrega", "Plazo de entrega, días", "días"},
                   {"Contactos", "Contactos por pedido", "por pedido"},
                   {"NPS", "Índice NPS", "puntos"},
                   {"Valor", "Margen del próximo año por pedido, $", "dólares"}}},
    .blame = {"nuestra preparación", "nuestra promesa", "la red", "los temporales"},
    .language = "Idioma",
    .title = "{0}: políticas comparadas",
    .head = "{0} &middot; {1} políticas &middot; {2}",
    .undecided = "Aún sin decidir",
    .today_is_best = "La política de hoy es la mejor de estas",
    .is_best = "{0} es la mejor de estas",
    .leads = "{0} va por delante, sin garantía",
    .cut_short = "La comparación se interrumpió: lo que sigue es lo que llegó a simularse.",
    .statement = &spanish_statement,
    .procedure = {"selección en dos etapas (Matejcik y Nelson 1995)", "KN (Kim y Nelson 2001)",
                  "criba y después selección en dos etapas"},
    .selection = "Según {0}: {1}, confianza del {2} %, menor diferencia que importa {3}",
    .seasons_needed = ", hacen falta {0} temporadas de cada una",
    .common_numbers =
        " Números aleatorios comunes: con temporadas independientes harían falta {0} veces tantas para los "
        "mismos intervalos de promesas cumplidas (mediana; de {1} a {2}).",
    .searched = "Qué se exploró y qué no",
    .points_run = "Se simularon {0} de los {1} puntos del espacio; de los demás no se sabe nada.",
    .points_all_run = "Se simularon {0} de los {1} puntos del espacio.",
    .unfit = "Otros {0} no se pueden simular y quedaron fuera, por ejemplo {1}",
    .axis = "{0}: {1} de {2} valores, de {3} a {4}",
    .differences_from = "Diferencias respecto a {0}",
    .paired =
        "Pareadas sobre las mismas temporadas; los {0} intervalos valen a la vez al {1} %. Azul: con seguridad "
        "mejor; naranja: con seguridad peor; gris: no se distingue.",
    .table_has_all = " La tabla de más abajo tiene todas las políticas.",
    .range = "de {0} a {1}",
    .against_cost = "Promesas frente a coste",
    .against_cost_how =
        "Más arriba, más promesas cumplidas; más a la izquierda, más barato. Azul: ninguna es con "
        "seguridad mejor en promesas, coste y plazo prometido a la vez ({0} intervalos). Verde: "
        "seleccionada.",
    .dot = "{0} %, {1} $, {2} días",
    .cost_axis = "coste por pedido",
    .all_policies = "Todas las políticas",
    .policy = "Política",
    .seasons = "Temporadas",
    .what_it_changes = "Qué cambia",
    .control = "control",
    .selected = "seleccionada",
    .left_out = "descartada pronto",
    .more_rows = "y {0} más en comparison.json",
    .by_region = "Por región: {0} filas",
    .league = "Transportistas por región y servicio",
    .league_how =
        "Con {0}, promesas cumplidas según quién las llevó, y por qué se perdieron las demás: nuestra "
        "preparación (esperaron en nuestro almacén), nuestra promesa (no perdieron tiempo, era demasiado "
        "justa), la red, los temporales; proporciones de todas las promesas. Los {1} intervalos valen a la "
        "vez al {2} %; se omiten las celdas con menos de {3} promesas.",
    .best = "El mejor",
    .worst = "El peor",
    .most_improved = "El que más mejora, segunda mitad de la temporada menos la primera",
    .kept_of = "{0} % cumplidas (de {1} a {2})",
    .points_of = "{0} puntos (de {1} a {2})",
    .lost_to = "; la mayoría de las demás se perdió por {0}",
    .in_region = "{0} en {1}",
    .carriers = "Transportistas",
    .league_heads = {"Transportista, servicio", "Región", "Promesas", "Cumplidas, %",
                     "Segunda mitad menos primera, pp"},
    .lost_heads = {"Perdidas por nuestra preparación, %", "por nuestra promesa, %", "por la red, %",
                   "por temporales, %"},
    .everywhere = "en todas",
    .cuts = "Qué transportista quitar y dónde, y qué cambiaría",
    .cuts_how =
        "Promesas cumplidas de todos los pedidos a la región sin el transportista menos con él, puntos "
        "porcentuales; {0} intervalos a la vez. Se muestran los transportistas quitados en todas partes y las regiones "
        "donde quitar uno, en todas o solo allí, cambia algo con seguridad. Por encima de cero: quitarlo.",
    .no_cut = "Ninguno cambia nada con seguridad; con más temporadas se distinguirían cambios menores.",
    .without = "Sin un transportista",
    .cut_heads = {"Política", "Región", "Diferencia, pp"},
    .reading = "Cómo leer esto",
    .reading_lines =
        {"Una temporada es una réplica; la temporada r tiene los mismos pedidos, tiempo y suerte con todas "
         "las políticas, de modo que las diferencias son de las políticas.",
         "Los intervalos tratan del azar dentro del modelo. Nada dicen de los datos supuestos.",
         "Los días hasta la entrega cuentan solo paquetes entregados; las promesas cuentan los no "
         "entregados como rotas en cuanto vencen.",
         "Los contactos, y su coste, son los del modelo de compradores.",
         "Una política descartada pronto no es con seguridad la mejor según {0}; sus demás cifras se apoyan "
         "en menos temporadas."},
    .method = "Peakstorm {0}. Método: results/COMPARE.md."};

constexpr std::array<CompareWords, 2> catalogues{english, spanish};

}  // namespace

std::span<const CompareWords> compare_catalogues() {
  return catalogues;
}

}  // namespace peakstorm::reports
