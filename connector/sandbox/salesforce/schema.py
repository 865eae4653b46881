"""The objects of the org: stock fields, and the custom fields that its admin made earlier."""

from __future__ import annotations

from dataclasses import dataclass

from connector.sandbox.salesforce.fields import Field, fields_of

SYSTEM = """
Id id readonly
IsDeleted boolean readonly label=Deleted
CreatedDate datetime readonly
CreatedById reference:User@CreatedBy readonly
LastModifiedDate datetime readonly
LastModifiedById reference:User@LastModifiedBy readonly
SystemModstamp datetime readonly
"""

LEAD = """
MasterRecordId reference:Lead@MasterRecord readonly
LastName string:80 required
FirstName string:40 fixed
Salutation picklist:40 fixed options=salutation
Name string:121 readonly label=Full_Name
Title string:128
Company string:255 required
Street textarea:255
City string:40
State string:80 label=State/Province
PostalCode string:20 label=Zip/Postal_Code
Country string:80
Latitude double:18.15
Longitude double:18.15
Address address readonly
Phone phone:40
MobilePhone phone:40
Fax phone:40
Email email:80
Website url:255
Description textarea:32000
LeadSource picklist:255 options=lead_source
Status picklist:255 fixed options=lead_status
Industry picklist:255 options=industry
Rating picklist:255 options=rating
AnnualRevenue currency:18.0
NumberOfEmployees int:8 label=Employees
OwnerId reference:User,Group@Owner fixed
HasOptedOutOfEmail boolean label=Email_Opt_Out
HasOptedOutOfFax boolean label=Fax_Opt_Out
DoNotCall boolean
IsConverted boolean createonly fixed label=Converted
ConvertedDate date readonly
ConvertedAccountId reference:Account@ConvertedAccount readonly
ConvertedContactId reference:Contact@ConvertedContact readonly
ConvertedOpportunityId reference:Opportunity@ConvertedOpportunity readonly
IsUnreadByOwner boolean fixed
LastActivityDate date readonly label=Last_Activity
LastViewedDate datetime readonly
LastReferencedDate datetime readonly
EmailBouncedReason string:255 readonly
EmailBouncedDate datetime readonly
Decision_Maker__c picklist:255 restricted options=yes_no
Budget__c currency:18.2
Budget_Approved__c picklist:255 restricted options=yes_no
Need_Fit__c picklist:255 restricted options=yes_no
Purchase_Timeline__c picklist:255 restricted options=timeline
Ready_To_Buy__c picklist:255 restricted options=yes_no
Replacing__c string:255
Heard_From__c string:255
Web_Visits__c double:6.0
Page_Views__c double:6.0
Last_Web_Visit__c datetime
Emails_Opened__c double:6.0
Emails_Clicked__c double:6.0
Forms_Submitted__c double:6.0
"""

ACCOUNT = """
MasterRecordId reference:Account@MasterRecord readonly
Name string:255 required label=Account_Name
Type picklist:255 options=account_type label=Account_Type
ParentId reference:Account@Parent
BillingStreet textarea:255
BillingCity string:40
BillingState string:80 label=Billing_State/Province
BillingPostalCode string:20 label=Billing_Zip/Postal_Code
BillingCountry string:80
Phone phone:40 label=Account_Phone
Fax phone:40 label=Account_Fax
Website url:255
Industry picklist:255 options=industry
AnnualRevenue currency:18.0
NumberOfEmployees int:8 label=Employees
Description textarea:32000 label=Account_Description
Rating picklist:255 options=rating
AccountSource picklist:255 options=lead_source
OwnerId reference:User@Owner fixed
LastActivityDate date readonly label=Last_Activity
"""

CONTACT = """
MasterRecordId reference:Contact@MasterRecord readonly
AccountId reference:Account@Account
LastName string:80 required
FirstName string:40 fixed
Salutation picklist:40 fixed options=salutation
Name string:121 readonly label=Full_Name
Title string:128
Department string:80
MailingStreet textarea:255
MailingCity string:40
MailingState string:80 label=Mailing_State/Province
MailingPostalCode string:20 label=Mailing_Zip/Postal_Code
MailingCountry string:80
Phone phone:40 label=Business_Phone
Fax phone:40 label=Business_Fax
MobilePhone phone:40
Email email:80
Description textarea:32000 label=Contact_Description
LeadSource picklist:255 options=lead_source
HasOptedOutOfEmail boolean label=Email_Opt_Out
HasOptedOutOfFax boolean label=Fax_Opt_Out
DoNotCall boolean
OwnerId reference:User@Owner fixed
LastActivityDate date readonly label=Last_Activity
"""

OPPORTUNITY = """
AccountId reference:Account@Account
IsPrivate boolean label=Private
Name string:120 required
Description textarea:32000
StageName picklist:255 required options=stage label=Stage
Amount currency:18.2
Probability percent:3.0 label=Probability_(%)
CloseDate date required
Type picklist:255 options=opportunity_type label=Opportunity_Type
NextStep string:255
LeadSource picklist:255 options=lead_source
IsClosed boolean readonly label=Closed
IsWon boolean readonly label=Won
ForecastCategoryName picklist:40 fixed options=forecast label=Forecast_Category
CampaignId reference:Campaign@Campaign
ContactId reference:Contact@Contact createonly fixed
OwnerId reference:User@Owner fixed
LastActivityDate date readonly label=Last_Activity
"""

ROLE = """
OpportunityId reference:Opportunity@Opportunity required
ContactId reference:Contact@Contact required
Role picklist:255 fixed options=role
IsPrimary boolean fixed label=Primary
"""

TASK = """
WhoId reference:Contact,Lead@Who fixed
WhatId reference:Account,Opportunity,Campaign@What fixed
Subject combobox:255
ActivityDate date label=Due_Date_Only
Status picklist:255 fixed options=task_status
Priority picklist:255 fixed options=priority
OwnerId reference:User,Group@Owner fixed
Description textarea:32000 label=Comments
IsClosed boolean readonly label=Closed
"""

CAMPAIGN = """
Name string:80 required
Type picklist:255
Status picklist:255 options=campaign_status
StartDate date
EndDate date
IsActive boolean label=Active
OwnerId reference:User@Owner fixed
"""

MEMBER = """
CampaignId reference:Campaign@Campaign required
LeadId reference:Lead@Lead createonly fixed
ContactId reference:Contact@Contact createonly fixed
Status picklist:255 fixed options=member_status
HasResponded boolean readonly label=Responded
"""

USER = """
Username string:80 readonly
LastName string:80 readonly
FirstName string:40 readonly
Name string:121 readonly label=Full_Name
Email email:128 readonly
Title string:80 readonly
IsActive boolean readonly label=Active
UserType picklist:40 readonly
ProfileId reference:Profile@Profile readonly
TimeZoneSidKey picklist:40 readonly
LocaleSidKey picklist:40 readonly
"""

SETUP = {
    "Profile": "Name string:255 readonly",
    "Group": """
Name string:40 readonly
DeveloperName string:80 readonly
Type picklist:40 readonly options=group_type
Email email:255 readonly
""",
    "Organization": """
Name string:80 readonly
Country string:80 readonly
OrganizationType picklist:40 readonly
InstanceName string:5 readonly
IsSandbox boolean readonly
TimeZoneSidKey picklist:40 readonly
LanguageLocaleKey picklist:40 readonly
FiscalYearStartMonth int:2 readonly
DefaultCurrencyIsoCode string:3 readonly
NamespacePrefix string:15 readonly
""",
    "LeadStatus": """
ApiName string:255 readonly
MasterLabel string:255 readonly
IsConverted boolean readonly
IsDefault boolean readonly
SortOrder int:9 readonly
""",
    "OpportunityStage": """
ApiName string:255 readonly
MasterLabel string:255 readonly
IsActive boolean readonly
IsClosed boolean readonly
IsWon boolean readonly
DefaultProbability percent:3.0 readonly
ForecastCategoryName picklist:40 readonly
SortOrder int:9 readonly
""",
    "PermissionSet": """
Name string:80 required
Label string:80 required
ProfileId reference:Profile@Profile readonly
IsOwnedByProfile boolean readonly
IsCustom boolean readonly
Description string:255 fixed
""",
    "PermissionSetAssignment": """
PermissionSetId reference:PermissionSet@PermissionSet required createonly
AssigneeId reference:User@Assignee required createonly
IsActive boolean readonly
""",
    "FieldPermissions": """
ParentId reference:PermissionSet@Parent required createonly
SobjectType picklist:255 required createonly
Field picklist:255 required createonly
PermissionsRead boolean fixed
PermissionsEdit boolean fixed
""",
}


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """An object: its name, labels, key prefix and fields, and whether rows can be written."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: dict[str, Field]
    writable: bool = True
    person: bool = False
    """The full name is made of first and last name."""


def objects() -> list[ObjectSpec]:
    """Every object of a fresh org, with field tables of its own that may be extended."""
    return [
        _spec("Lead", "00Q", LEAD, person=True),
        _spec("Account", "001", ACCOUNT),
        _spec("Contact", "003", CONTACT, person=True),
        _spec("Opportunity", "006", OPPORTUNITY),
        _spec("OpportunityContactRole", "00K", ROLE),
        _spec("Task", "00T", TASK),
        _spec("Campaign", "701", CAMPAIGN),
        _spec("CampaignMember", "00v", MEMBER),
        _spec("User", "005", USER, writable=False, person=True),
        *(
            _spec(name, prefix, SETUP[name], writable=prefix in {"0PS", "0Pa", "01k"})
            for name, prefix in (
                ("Profile", "00e"),
                ("Group", "00G"),
                ("Organization", "00D"),
                ("LeadStatus", "01J"),
                ("OpportunityStage", "01K"),
                ("PermissionSet", "0PS"),
                ("PermissionSetAssignment", "0Pa"),
                ("FieldPermissions", "01k"),
            )
        ),
    ]


def _spec(
    name: str, prefix: str, notation: str, *, writable: bool = True, person: bool = False
) -> ObjectSpec:
    plural = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    fields = fields_of(SYSTEM) | fields_of(notation)
    return ObjectSpec(name, name, plural, prefix, fields, writable, person)
