"""Labels of columns in German, French and Spanish, as the user interfaces of CRMs write them in those languages.

One list for all systems: an English label has the translations that any of them uses. Ambiguous ones do no harm, since
a column counts as a field only in a table that has the other columns of its object.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import Final

PATH: Final = "/"  # between the parts of a label of linked records
# English label -> translations; of several words a system each.
TRANSLATIONS: Final[Mapping[str, str]] = {
    # ids and names
    "Opportunity ID": "Opportunity-ID|ID der Opportunity|ID de l'opportunité|ID d'opportunité|Id. de la oportunidad"
    "|Id. de oportunidad",
    "Record ID": "Datensatz-ID|ID de fiche d'informations|ID de l'enregistrement|ID de registro",
    "ID": "ID",
    "External ID": "Externe ID|ID externe|Identifiant externe|ID externo|ID externa",
    "Deal ID": "Deal-ID|ID de l'affaire|ID de la transaction|ID del trato|ID del negocio",
    "Lead ID": "Lead-ID|ID de la piste|Id. de prospecto",
    "Account ID": "Account-ID|ID du compte|Id. de la cuenta",
    "Contact ID": "Kontakt-ID|ID du contact|Id. del contacto",
    "Activity ID": "Aktivitäts-ID|ID de l'activité|Id. de actividad",
    "Related To ID": "Bezieht sich auf ID|ID Associé à|Id. de relacionado con",
    "Contact person ID": "Kontaktperson-ID|ID der Kontaktperson|ID de la personne à contacter"
    "|ID de persona de contacto",
    "Organization ID": "Organisations-ID|ID der Organisation|ID de l'organisation|ID de organización",
    "Opportunity Name": "Opportunity-Name|Name der Opportunity|Nom de l'opportunité"
    "|Nom d'opportunité|Nombre de la oportunidad|Nombre de oportunidad",
    "Deal Name": "Dealname|Nom de la transaction|Nombre del negocio",
    "Title": "Titel|Titre|Título",
    "Topic": "Thema|Rubrique|Sujet|Tema",
    "Opportunity": "Verkaufschance|Chance|Opportunité|Oportunidad",
    "Account Name": "Accountname|Nom du compte|Nombre de la cuenta|Nombre de cuenta",
    "Company Name": "Firmenname|Unternehmensname|Nom de la société|Nom de l'entreprise|Nombre de la empresa",
    "Contact Name": "Kontaktname|Name des Kontakts|Nom du contact|Nombre de contacto",
    "Contact person": "Kontaktperson|Personne à contacter|Persona de contacto",
    "Organization": "Organisation|Organización",
    "Customer": "Kunde|Client|Cliente",
    "Account": "Firma|Konto|Compte|Cuenta",
    "Contact": "Kontakt|Contacto",
    "Potential Customer": "Potenzieller Kunde|Client potentiel|Cliente potencial",
    "Email": "E-Mail|E-Mail-Adresse|Adresse e-mail|Courriel|Correo|Correo electrónico",
    "First Name": "Vorname|Prénom|Nombre",
    "Last Name": "Nachname|Nom|Nom de famille|Apellido|Apellidos",
    "Phone": "Telefon|Téléphone|Teléfono",
    "Phone Number": "Telefonnummer|Numéro de téléphone|Número de teléfono",
    "Description": "Beschreibung|Descripción",
    "Subject": "Betreff|Thema|Objet|Asunto",
    "Associated Contact IDs": "Zugehörige Kontakt-IDs|Zugeordnete Kontakt-IDs|IDs der zugeordneten Kontakte"
    "|ID de contact associé|ID de contacto asociado",
    "Associated Company IDs": "Zugehörige Unternehmens-IDs|Zugeordnete Unternehmens-IDs|ID d'entreprise associé"
    "|ID de empresa asociada",
    "Associated Deal IDs": "Zugehörige Deal-IDs|Zugeordnete Deal-IDs|ID de transaction associé|ID de negocio asociado",
    "Associated Contact": "Zugehöriger Kontakt|Zugeordneter Kontakt|Contact associé|Contacto asociado",
    "Associated Company": "Zugehöriges Unternehmen|Zugeordnetes Unternehmen|Entreprise associée|Empresa asociada",
    # stages and states
    "Stage": "Phase|Stufe|Étape|Etapa",
    "Deal Stage": "Deal-Phase|Phase de la transaction|Étape de la transaction|Etapa del negocio",
    "Stage Name": "Phasenname|Name der Phase|Phasenbezeichnung|Nom de l'étape|Nombre de la etapa",
    "From Stage": "Aus Phase|Von Phase|De l'étape|De la etapa|Desde la etapa",
    "To Stage": "In Phase|Zu Phase|À l'étape|Vers l'étape|A la etapa|Hasta la etapa",
    "Pipeline Phase": "Pipelinephase|Phase du pipeline|Fase de canalización",
    "Active Stage": "Aktive Phase|Étape active|Fase activa",
    "Lifecycle Stage": "Lifecycle-Phase|Phase du cycle de vie|Etapa del ciclo de vida",
    "Lead Status": "Lead-Status|Statut de la piste|Statut du lead|Estado del prospecto|Estado del lead",
    "Status": "Statut|Estado",
    "Status Reason": "Statusgrund|Raison du statut|Razón para el estado",
    "Closed": "Geschlossen|Fermé|Clôturé|Clôturée|Cerrado|Cerrada",
    "Won": "Gewonnen|Gagné|Gagnée|Conclue|Ganado|Ganada",
    "Active": "Aktiv|Actif|Activo",
    "Is Won Stage?": "Ist Gewonnen-Phase?|Gewonnen-Phase?|Est l'étape gagnée ?|¿Es la etapa de ganado?",
    "Sequence": "Reihenfolge|Sequenz|Séquence|Secuencia",
    "Pipeline": "Pipeline|Embudo",
    "Type": "Typ|Tipo",
    "Done": "Erledigt|Fait|Terminé|Hecho",
    # times
    "Created Date": "Erstelldatum|Erstellt am|Erstellungsdatum|Date de création|Fecha de creación",
    "Create Date": "Erstelldatum|Erstellungsdatum|Date de création|Fecha de creación",
    "Created On": "Erstellt am|Date de création|Créé le|Fecha de creación|Creado el",
    "Created on": "Erstellt am|Angelegt am|Date de création|Créé le|Fecha de creación|Creado el",
    "Deal created": "Deal erstellt|Deal erstellt am|Affaire créée|Date de création de l'affaire|Trato creado",
    "Close Date": "Schlusstermin|Schlussdatum|Abschlussdatum|Date de clôture|Date de fermeture|Fecha de cierre",
    "Closed Date": "Abschlussdatum|Geschlossen am|Schließdatum|Date de clôture|Date de fermeture|Fecha de cierre",
    "Actual Close Date": "Tatsächliches Abschlussdatum|Tats. Abschlussdatum|Date de clôture réelle"
    "|Date de fermeture réelle"
    "|Fecha de cierre real",
    "Est. Close Date": "Gesch. Abschlussdatum|Geschätztes Abschlussdatum|Date de clôture est.|Date de clôture estimée"
    "|Date de fermeture estimée|Fecha de cierre est.|Fecha est. de cierre",
    "Expected close date": "Erwartetes Abschlussdatum|Voraussichtliches Abschlussdatum|Date de clôture prévue"
    "|Fecha prevista de cierre|Fecha esperada de cierre",
    "Expected Closing": "Erwarteter Abschluss|Clôture prévue|Cierre previsto|Cierre esperado",
    "Last Modified Date": "Datum der letzten Änderung|Letztes Änderungsdatum|Zuletzt geändert am"
    "|Date de dernière modification|Date de la dernière modification|Fecha de última modificación"
    "|Fecha de la última modificación",
    "Last Modified": "Zuletzt geändert|Dernière modification|Última modificación",
    "Last Updated on": "Zuletzt aktualisiert am|Zuletzt aktualisiert|Dernière mise à jour le|Mis à jour le"
    "|Última actualización el",
    "Modified On": "Geändert am|Date de modification|Modifié le|Fecha de modificación|Modificado el",
    "Last Stage Update": "Letzte Phasenaktualisierung|Letzte Aktualisierung der Phase|Dernière mise à jour de l'étape"
    "|Última actualización de etapa",
    "Last Stage Change Date": "Datum der letzten Phasenänderung|Date de dernière modification de l'étape",
    "Last stage change": "Letzter Phasenwechsel|Letzte Phasenänderung|Dernier changement d'étape"
    "|Último cambio de etapa",
    "Update time": "Aktualisiert am|Zeitpunkt der Aktualisierung|Heure de mise à jour|Hora de actualización",
    "Won time": "Gewonnen am|Zeitpunkt des Gewinns|Gewonnen um|Date de gain|Heure de gain|Hora de ganado|Ganado el",
    "Lost time": "Verloren am|Zeitpunkt des Verlusts|Verloren um|Date de perte|Heure de perte"
    "|Hora de perdido|Perdido el",
    "Deal closed on": "Deal geschlossen am|Affaire clôturée le|Trato cerrado el",
    "Active Stage Started On": "Aktive Phase gestartet am|Étape active démarrée le|Fase activa iniciada el",
    "Date entered current stage": "Eintrittsdatum aktuelle Phase",
    "Assignment Date": "Zuweisungsdatum|Date d'affectation|Fecha de asignación",
    "Conversion Date": "Umwandlungsdatum|Date de conversion|Fecha de conversión",
    "Field / Event": "Feld/Ereignis|Champ/Événement|Campo/Evento",
    "Old Value": "Alter Wert|Ancienne valeur|Valor anterior|Valor antiguo",
    "New Value": "Neuer Wert|Nouvelle valeur|Nuevo valor|Valor nuevo",
    "Completed Date/Time": "Datum/Uhrzeit des Abschlusses|Date/Heure d'achèvement|Fecha/Hora de finalización",
    "Start Date Time": "Startdatum/-uhrzeit|Beginn Datum/Uhrzeit|Date/heure de début|Fecha/Hora de inicio",
    "Call Type": "Anruftyp|Type d'appel|Tipo de llamada",
    "Edit Date": "Bearbeitungsdatum|Date de modification|Fecha de modificación",
    "Date": "Datum|Fecha",
    "Due Date": "Fälligkeitsdatum|Date d'échéance|Fecha de vencimiento",
    "Due date": "Fälligkeitsdatum|Date d'échéance|Fecha de vencimiento",
    "Marked as done time": "Als erledigt markiert am|Marqué comme terminé le|Hora de marcado como hecho",
    "Actual End": "Tatsächliches Ende|Fin réelle|Finalización real",
    "Start": "Anfang|Début|Inicio",
    # money
    "Amount": "Betrag|Montant|Importe|Monto|Valor",
    "Value": "Wert|Valeur|Valor",
    "Amount Currency": "Betrag Währung|Montant Devise|Importe Divisa",
    "Currency": "Währung|Devise|Divisa|Moneda",
    "Currency of Value": "Währung von Wert|Währung des Werts|Devise de Valeur|Devise de la valeur|Moneda de Valor",
    "Amount in company currency": "Betrag in Unternehmenswährung|Montant dans la devise de l'entreprise"
    "|Valor en la moneda de la empresa",
    "Est. Revenue": "Gesch. Umsatz|Geschätzter Umsatz|Revenu est.|Revenu estimé|Ingresos est.|Ingresos estimados",
    "Actual Revenue": "Tatsächlicher Umsatz|Tats. Umsatz|Ist-Umsatz|Revenu réel|Ingresos reales",
    "Expected Revenue": "Erwarteter Umsatz|Revenu attendu|Revenus attendus|Revenu espéré|Chiffre d'affaires attendu"
    "|Ingresos esperados|Ingreso esperado",
    "Weighted value": "Gewichteter Wert|Valeur pondérée|Valor ponderado",
    "Weighted amount": "Gewichteter Betrag|Montant pondéré|Valor ponderado",
    # people and origins
    "Opportunity Owner": "Opportunity-Inhaber|Inhaber der Opportunity|Propriétaire de l'opportunité"
    "|Propietario de la oportunidad|Propietario de oportunidad",
    "Deal owner": "Zuständiger Mitarbeiter für Deal|Deal-Inhaber|Propriétaire de la transaction"
    "|Propietario del negocio",
    "Contact owner": "Zuständiger Mitarbeiter für Kontakt|Kontaktinhaber|Propriétaire du contact"
    "|Propietario del contacto",
    "Owner": "Besitzer|Inhaber|Zuständig|Propriétaire|Propietario",
    "Salesperson": "Verkäufer|Vertriebsmitarbeiter|Vertriebsmitarbeiter/in|Vendeur|Vendeur/Vendeuse|Comercial|Vendedor",
    "Sales Team": "Verkaufsteam|Vertriebsteam|Équipe commerciale|Equipo de ventas",
    "Lead Source": "Lead-Quelle|Origine de la piste|Source du prospect|Source de prospect"
    "|Origen del prospecto"
    "|Origen del candidato|Origen del cliente potencial",
    "Source": "Quelle|Origine|Origen|Fuente",
    "Source channel": "Quellkanal|Quellenkanal|Canal source|Canal de origen",
    "Original Traffic Source": "Ursprüngliche Trafficquelle|Source de trafic d'origine"
    "|Fuente original de tráfico",
    "Medium": "Medio",
    "Campaign": "Kampagne|Campagne|Campaña",
    "Country": "Land|Pays|País",
    "Tags": "Stichwörter|Schlagwörter|Étiquettes|Etiquetas",
    # what follows from the outcome, or holds the value of the export's day
    "Probability (%)": "Wahrscheinlichkeit (%)|Probabilité (%)|Probabilidad (%)",
    "Probability": "Wahrscheinlichkeit|Probabilité|Probabilidad",
    "Deal probability": "Deal-Wahrscheinlichkeit|Probabilité de la transaction|Probabilidad del negocio",
    "Lost Reason": "Verlustgrund|Grund für Verlust|Motif de perte|Raison de la perte|Razón de pérdida"
    "|Motivo de pérdida",
    "Lost reason": "Verlustgrund|Grund für Verlust|Motif de perte|Raison de la perte|Razón de pérdida"
    "|Motivo de pérdida",
    "Closed Lost Reason": "Grund für verlorenen Abschluss|Grund für Verlust|Motif de perte|Razón de pérdida",
    "Closed Won Reason": "Grund für gewonnenen Abschluss|Grund für Gewinn|Motif de gain|Razón de ganancia",
    "Forecast Category": "Prognosekategorie|Catégorie de prévision|Categoría de previsión",
    "Next Step": "Nächster Schritt|Étape suivante|Prochaine étape|Paso siguiente|Siguiente paso",
    "Age": "Alter|Âge|Antigüedad",
    "Fiscal Period": "Geschäftszeitraum|Période fiscale|Periodo fiscal",
    "Last Activity": "Letzte Aktivität|Dernière activité|Última actividad",
    "Last Activity Date": "Datum der letzten Aktivität|Date de dernière activité|Fecha de la última actividad",
    "Last Contacted": "Zuletzt kontaktiert|Dernier contact|Último contacto",
    "Next Activity Date": "Datum der nächsten Aktivität|Date de la prochaine activité|Fecha de la próxima actividad",
    "Last activity date": "Datum der letzten Aktivität|Date de la dernière activité|Fecha de la última actividad",
    "Next activity date": "Datum der nächsten Aktivität|Date de la prochaine activité|Fecha de la próxima actividad",
    "Total activities": "Aktivitäten gesamt|Gesamtzahl der Aktivitäten|Nombre total d'activités|Total de actividades",
    "Done activities": "Erledigte Aktivitäten|Activités terminées|Actividades hechas",
    "Activities to do": "Zu erledigende Aktivitäten|Activités à faire|Actividades por hacer",
    "Email messages count": "Anzahl der E-Mail-Nachrichten|Nombre d'e-mails|Número de correos",
    "Number of Associated Contacts": "Anzahl zugehöriger Kontakte|Nombre de contacts associés"
    "|Número de contactos asociados",
    "Number of times contacted": "Anzahl der Kontaktaufnahmen|Nombre de prises de contact|Número de veces contactado",
    "Number of Sales Activities": "Anzahl der Vertriebsaktivitäten|Nombre d'activités commerciales"
    "|Número de actividades de ventas",
    "Days to close": "Tage bis zum Abschluss|Jours avant fermeture|Jours avant clôture|Días para el cierre",
    "Days to Close": "Tage bis zum Abschluss|Jours avant clôture|Días para el cierre",
    "Days to Assign": "Tage bis zur Zuweisung|Jours avant affectation|Días para asignar",
    "Priority": "Priorität|Priorité|Prioridad",
    "Rating": "Bewertung|Évaluation|Clasificación|Valoración",
    "Label": "Label|Étiquette|Etiqueta",
    # parts of paths and hidden columns
    "Messages": "Nachrichten|Mensajes",
    "Tracking values": "Nachverfolgte Werte|Tracking-Werte|Valeurs de suivi|Valores de seguimiento",
    "Name": "Name|Nom|Nombre",
    "Display Name": "Anzeigename|Nom affiché|Nombre mostrado|Nombre para mostrar",
    "Author": "Autor|Auteur",
    "Subtype": "Untertyp|Sous-type|Subtipo",
    "Row Checksum": "Zeilenprüfsumme|Somme de contrôle de la ligne|Suma de comprobación de la fila",
    "Phone Call": "Telefonanruf|Appel téléphonique|Llamada de teléfono",
    "Appointment": "Termin|Rendez-vous|Cita",
    "Task": "Aufgabe|Tâche|Tarea",
    "Activity": "Aktivität|Activité|Actividad",
    "Regarding": "Bezug|Concernant|Referente a",
    "Direction": "Richtung|Sens|Dirección",
    "Activity Type": "Aktivitätstyp|Type d'activité|Tipo de actividad",
    "Activity Status": "Aktivitätsstatus|Statut de l'activité|Estado de actividad",
}
HIDDEN: Final = "(Do Not Modify) "
HIDDEN_IN: Final = ("(Nicht ändern) ", "(Ne pas modifier) ", "(No modificar) ")


@lru_cache(maxsize=4096)
def translations(label: str) -> tuple[str, ...]:
    """The label in other languages, () if none is known; of a path every combination of its parts."""
    if label.startswith(HIDDEN):
        return tuple(f"{prefix}{text}" for text in _texts(label.removeprefix(HIDDEN)) for prefix in HIDDEN_IN)
    if label in TRANSLATIONS and PATH in label:
        return tuple(_texts(label))
    parts = [tuple(dict.fromkeys((part, *_texts(part)))) for part in label.split(PATH)]
    return tuple(PATH.join(found) for found in product(*parts))[1:]


def _texts(label: str) -> Iterator[str]:
    listed = TRANSLATIONS.get(label)
    if listed is not None:
        yield from listed.split("|")
